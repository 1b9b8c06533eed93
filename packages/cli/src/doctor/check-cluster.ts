/** Checks of a cluster, from what it and its brokers say of themselves. Pure. */

import type { BrokerLook, ClusterLook } from "../cluster-look.js";
import { verdictOf } from "../commands/cluster/health.js";
import { bytesText, durationText } from "../quantities.js";
import { type Check, fail, ok, warn } from "./check.js";

const clockWarnMs = 1000;
const clockFailMs = 60_000;
const diskWarnPart = 0.15;
const diskFailPart = 0.05;
const offsetsTopic = "__consumer_offsets";

/** @param version of this program */
export function checkCluster(look: ClusterLook, version: string): readonly Check[] {
  return [
    checkController(look),
    ...look.brokers.map(checkReachable),
    ...look.brokers.flatMap(checkReady),
    checkLeaders(look),
    checkInternalTopic(look),
    ...look.brokers.flatMap(checkDisk),
    ...look.brokers.flatMap(checkClock),
    checkVersions(look.brokers, version),
  ];
}

function checkController({ cluster }: ClusterLook): Check {
  return cluster.controller === undefined
    ? fail(
        "controller",
        "No broker acts as controller: topics cannot be made, and leaders are not elected.",
        "Look at the log of the brokers: they say why none could be elected.",
      )
    : ok("controller", `Broker ${cluster.controller} is the controller`);
}

function checkReachable({ id, host, port, error, answerMs }: BrokerLook): Check {
  if (error === undefined)
    return ok("brokers.reachable", `Broker ${id} answers at ${host}:${port} (${answerMs.toFixed(1)} ms)`);
  return fail(
    "brokers.reachable",
    `Broker ${id} advertises ${host}:${port}, and does not answer there: ${error.message} (${error.code})`,
    "If it runs, it advertises an address that is not valid from here: set advertisedHost and advertisedPort, or addressMap of the client.",
  );
}

function checkReady({ id, description }: BrokerLook): readonly Check[] {
  if (description === undefined) return [];
  const problems = description.problems.map((text) =>
    (description.ready ? warn : fail)(
      "brokers.ready",
      `Broker ${id}: ${text}`,
      "docs/operations.md says what to do about it.",
    ),
  );
  if (problems.length > 0) return problems;
  return description.ready
    ? [ok("brokers.ready", `Broker ${id} is ready, and leads ${description.leaderPartitions} partitions`)]
    : [fail("brokers.ready", `Broker ${id} is not ready`, "Look at its log, and at /readyz of its HTTP port.")];
}

function checkLeaders(look: ClusterLook): Check {
  const { counts, problems } = verdictOf({ ...look, brokers: [] });
  if (counts.leaderless === 0 && counts.underReplicated === 0)
    return ok("partitions", `All ${counts.partitions} partitions have a leader, and their replicas are in sync`);
  const message = problems.filter((text) => text.startsWith("no leader") || text.startsWith("not all")).join("; ");
  const next = "Start the brokers that keep them: 'sluice topic describe TOPIC' names them.";
  return (counts.leaderless > 0 ? fail : warn)(
    "partitions",
    `${message.charAt(0).toUpperCase()}${message.slice(1)}.`,
    next,
  );
}

function checkInternalTopic({ topics }: ClusterLook): Check {
  const topic = topics.find(({ name }) => name === offsetsTopic);
  if (topic === undefined)
    return warn(
      "internal-topic",
      `${offsetsTopic} is not there yet: groups cannot commit.`,
      "It is made when a cluster starts; look at the log of the controller.",
    );
  return ok("internal-topic", `${offsetsTopic} has ${topic.partitions.length} partitions`);
}

function checkDisk({ id, description }: BrokerLook): readonly Check[] {
  if (description === undefined || description.diskBytesTotal <= 0) return [];
  const { diskBytesFree: free, diskBytesTotal: total } = description;
  const part = free / total;
  const message = `Broker ${id} has ${bytesText(free)} of ${bytesText(total)} free (${Math.floor(part * 100)} %)`;
  const next = "Lower retention ('sluice topic alter TOPIC --set retention.bytes=N'), or add disk.";
  if (part < diskFailPart) return [fail("disk", message, next)];
  return [part < diskWarnPart ? warn("disk", message, next) : ok("disk", message)];
}

function checkClock({ id, clockAheadMs, answerMs }: BrokerLook): readonly Check[] {
  if (clockAheadMs === undefined) return [];
  // What the answer took is what is not known.
  const skewMs = Math.max(0, Math.abs(clockAheadMs) - answerMs / 2);
  if (skewMs <= clockWarnMs) return [ok("clock", `The clock of broker ${id} agrees with the one here`)];
  const message = `The clock of broker ${id} is ${durationText(skewMs)} ${clockAheadMs > 0 ? "ahead of" : "behind"} the one here`;
  const next = "Synchronise both (NTP): retention, reads by time and the lag in time go by the clock.";
  return [(skewMs > clockFailMs ? fail : warn)("clock", message, next)];
}

function checkVersions(brokers: readonly BrokerLook[], version: string): Check {
  const versions = [...new Set(brokers.flatMap(({ description }) => description?.version ?? []))];
  const [first] = versions;
  if (first === undefined)
    return warn("versions", "No broker says which version it runs.", "Make the brokers reachable first.");
  if (versions.length > 1)
    return warn(
      "versions",
      `The brokers run different versions: ${versions.join(", ")}.`,
      "Finish the upgrade of all of them.",
    );
  return first === version
    ? ok("versions", `The brokers and this program are version ${version}`)
    : warn("versions", `The brokers run ${first}, this program is ${version}.`, "Use the same version on both sides.");
}
