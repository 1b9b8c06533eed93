/** The requests of an admin about the leaders and replicas of partitions, and where replicas may be placed. */

import { SluiceError, topicName } from "@sluice/model";
import {
  clusterService,
  fromWireError,
  type Reassignment,
  type ElectedLeader as WireElectedLeader,
} from "@sluice/protocol";
import type { Cancellable } from "../cancellation.js";
import { replacedOptions } from "../kafkajs-options.js";
import { checkOptionNames } from "../option-check.js";
import type { AdminCalls } from "./admin-calls.js";
import { adminError } from "./admin-failures.js";
import type {
  AlterPartitionReassignments,
  ElectedLeader,
  LeaderElection,
  ListPartitionReassignments,
  ListPartitionReassignmentsResponse,
  OngoingReassignment,
  PlanReassignments,
  ReassignmentPlan,
  SetBrokerDrained,
  TopicAssignment,
} from "./partition-admin-types.js";
import { listOf } from "./topic-admin.js";

const electionTypes = {
  preferred: "ELECTION_TYPE_PREFERRED",
  chosen: "ELECTION_TYPE_CHOSEN",
  unclean: "ELECTION_TYPE_UNCLEAN",
} as const;

export class PartitionAdmin {
  readonly #calls: AdminCalls;

  constructor(calls: AdminCalls) {
    this.#calls = calls;
  }

  async electLeaders(election: LeaderElection, options: Cancellable): Promise<ElectedLeader[]> {
    checkOptionNames("electLeaders", election, ["type", "partitions", "brokerId"]);
    const type = Object.hasOwn(electionTypes, election.type) ? electionTypes[election.type] : undefined;
    if (type === undefined) throw invalid("type", "electLeaders", "it takes 'preferred', 'chosen' or 'unclean'");
    const isOptional = election.type === "preferred" && election.partitions === undefined;
    const partitions = isOptional ? [] : listOf("electLeaders", "partitions", election.partitions);
    // To the broker, none means all.
    if (!isOptional && partitions.length === 0) return [];
    const brokerId = election.type === "preferred" ? undefined : election.brokerId;
    if (election.type === "chosen" && brokerId === undefined)
      throw invalid("brokerId", "electLeaders", "it is needed with 'chosen'");
    const request = {
      type,
      partitions: partitions.map(({ topic, partition }) => ({ topic: topicName(topic), partition })),
      brokerIdPlusOne: brokerId === undefined ? 0 : brokerIdOf(brokerId, "electLeaders") + 1,
    };
    await this.#calls.findBroker(options);
    const { results } = await this.#calls.callOnce(clusterService.electLeaders, request, options);
    return results.map(electedOf);
  }

  async alterReassignments(request: AlterPartitionReassignments, options: Cancellable): Promise<void> {
    const subject = "alterPartitionReassignments";
    checkOptionNames(subject, request, ["topics", "validateOnly"], replacedOptions(subject));
    const topics = listOf(subject, "topics", request.topics);
    const reassignments = topics.flatMap((one) => {
      checkOptionNames("a topic assignment", one, ["topic", "partitionAssignment"], replacedOptions("topicAssignment"));
      const assignments = listOf("a topic assignment", "partitionAssignment", one.partitionAssignment);
      return assignments.map(({ partition, replicas }) => {
        const ids = replicas.map((id) => brokerIdOf(id, "a topic assignment"));
        return { topic: topicName(one.topic), partition, replicas: ids };
      });
    });
    if (reassignments.length === 0) return;
    await this.#calls.findBroker(options);
    const validateOnly = request.validateOnly ?? false;
    const wire = { reassignments, validateOnly };
    const { results } = await this.#calls.callOnce(clusterService.alterReassignments, wire, options);
    const failures = results.flatMap(({ topic: name, partition, error }) =>
      error === null ? [] : [{ name, partition, error: fromWireError(error) }],
    );
    if (failures.length > 0) throw adminError(failures);
  }

  async listReassignments(
    request: ListPartitionReassignments,
    options: Cancellable,
  ): Promise<ListPartitionReassignmentsResponse> {
    const subject = "listPartitionReassignments";
    checkOptionNames(subject, request, ["topics"], replacedOptions(subject));
    const wanted = new Map((request.topics ?? []).map((one) => [topicName(one.topic) as string, one.partitions]));
    const topics = [...wanted.keys()];
    const response = await this.#calls.callAny(clusterService.describeReassignments, { topics }, options);
    const byTopic = new Map<string, OngoingReassignment[]>();
    for (const { topic, ...status } of response.reassignments) {
      if (wanted.get(topic)?.includes(status.partition) === false) continue;
      const ongoing = { ...status, partitionIndex: status.partition };
      const known = byTopic.get(topic);
      if (known === undefined) byTopic.set(topic, [ongoing]);
      else known.push(ongoing);
    }
    return { topics: [...byTopic].map(([topic, partitions]) => ({ topic, partitions })) };
  }

  async planReassignments(request: PlanReassignments, options: Cancellable): Promise<ReassignmentPlan> {
    checkOptionNames("planReassignments", request, ["drainBroker", "topics"]);
    const { drainBroker } = request;
    const wire = {
      drainBrokerIdPlusOne: drainBroker === undefined ? 0 : brokerIdOf(drainBroker, "planReassignments") + 1,
      topics: (request.topics ?? []).map((name) => topicName(name)),
    };
    const plan = await this.#calls.callAny(clusterService.planReassignments, wire, options);
    const { reassignments, replicasMoved, leadersMoved, bytesMoved } = plan;
    return { topics: assignmentsOf(reassignments), replicasMoved, leadersMoved, bytesMoved };
  }

  async setBrokerDrained(request: SetBrokerDrained, options: Cancellable): Promise<void> {
    checkOptionNames("setBrokerDrained", request, ["brokerId", "drained"]);
    const { brokerId, drained } = request;
    brokerIdOf(brokerId, "setBrokerDrained");
    await this.#calls.findBroker(options);
    await this.#calls.callOnce(clusterService.setBrokerDrained, { brokerId, drained }, options);
  }

  async adoptRestore(options: Cancellable): Promise<{ readonly partitions: number }> {
    await this.#calls.findBroker(options);
    const { partitions } = await this.#calls.callOnce(clusterService.adoptRestore, {}, options);
    return { partitions };
  }
}

function electedOf({ topic, partition, leaderIdPlusOne, leaderEpoch, error }: WireElectedLeader): ElectedLeader {
  const leaderId = leaderIdPlusOne === 0 ? undefined : leaderIdPlusOne - 1;
  const elected = { topic, partition, leaderId, leaderEpoch };
  return error === null ? elected : { ...elected, error: fromWireError(error) };
}

function assignmentsOf(reassignments: readonly Reassignment[]): TopicAssignment[] {
  const byTopic = new Map<string, { readonly partition: number; readonly replicas: readonly number[] }[]>();
  for (const { topic, partition, replicas } of reassignments) {
    const known = byTopic.get(topic);
    if (known === undefined) byTopic.set(topic, [{ partition, replicas }]);
    else known.push({ partition, replicas });
  }
  return [...byTopic].map(([topic, partitionAssignment]) => ({ topic, partitionAssignment }));
}

/** @throws SluiceError INVALID_OPTION */
function brokerIdOf(id: unknown, subject: string): number {
  if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < 0x7fff_ffff) return id;
  throw invalid("brokerId", subject, `${JSON.stringify(id)} is not the id of a broker`);
}

function invalid(option: string, subject: string, reason: string): SluiceError {
  return new SluiceError("INVALID_OPTION", { option, subject, reason });
}
