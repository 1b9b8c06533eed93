/** The report of `bench many-partitions`: a table with one line a shape, under what is wanted of 2,000 partitions. */

import { alignRows } from "../report.js";

export interface PartitionsShape {
  readonly topics: number;
  /** Of each topic. */
  readonly partitions: number;
}

export interface ManyPartitionsReport extends PartitionsShape {
  /** Until the call that creates them is answered: all have leaders. */
  readonly answeredSeconds: number;
  /** Until all replicas of all partitions are in sync. */
  readonly inSyncSeconds: number;
  /** Until all have acknowledged a record with acks=all. */
  readonly writtenSeconds: number;
  /** Of each broker. */
  readonly idleCorePercent: readonly number[];
  readonly rssMb: readonly number[];
  /** TCP connections of each broker before there was a partition, and with all of them. */
  readonly connectionsBefore: readonly number[];
  readonly connections: readonly number[];
  /** Partitions that the controller led when it was killed. */
  readonly ledByController: number;
  /** From its death until others lead all of them, as the cluster tells it. */
  readonly electedMs: number;
  /** From its death until every partition has acknowledged a record again. */
  readonly writtenAgainMs: number;
}

const goals = "wanted for 2,000: created under 5 s, idle under 5 % of a core, all elected under 5 s";
const titles = [
  ...["TOPICS", "PARTITIONS", "CREATED S", "IN SYNC S", "WRITTEN S", "IDLE % OF A CORE", "RSS MB"],
  ...["CONNECTIONS BEFORE", "AND WITH ALL", "CONTROLLER LED", "ELECTED MS", "WRITTEN AGAIN MS"],
];

export function formatManyPartitions(reports: readonly ManyPartitionsReport[]): string {
  const rows = reports.map((report) => [
    String(report.topics),
    String(report.partitions),
    report.answeredSeconds.toFixed(2),
    report.inSyncSeconds.toFixed(2),
    report.writtenSeconds.toFixed(2),
    listed(report.idleCorePercent, 1),
    listed(report.rssMb),
    listed(report.connectionsBefore),
    listed(report.connections),
    String(report.ledByController),
    report.electedMs.toFixed(0),
    report.writtenAgainMs.toFixed(0),
  ]);
  return [goals, "", ...alignRows([titles, ...rows])].join("\n");
}

function listed(values: readonly number[], digits = 0): string {
  return values.map((value) => value.toFixed(digits)).join(" ");
}
