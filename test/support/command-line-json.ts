/**
 * What each command prints with `-o json`, as an example. docs/command-line.md shows them, and test/integration/cli-commands.test.ts holds
 * every answer against them: the same members, of the same kind. They are a promise: members are added, never taken away.
 */

const place = {
  partition: 0,
  leader: 1,
  leaderEpoch: 0,
  replicas: [1, 2, 3],
  inSyncReplicas: [1, 2],
  offlineReplicas: [3],
};
const partition = { ...place, start: 0, end: 3 };
const move = { topic: "orders", partition: 0, current: [1, 2, 3], new: [2, 3, 4] };
const moves = { executed: true, moves: [move], replicasMoved: 1, leadersMoved: 0, bytesMoved: 1_048_576 };
const plan = {
  group: "billing",
  executed: false,
  replayed: 3,
  skipped: 0,
  remaining: 3,
  partitions: [{ topic: "orders", partition: 0, current: 3, new: 0, delta: -3, end: 3, replayed: 3, skipped: 0 }],
};
const latency = { meanMs: 1.2, p50Ms: 1.1, p90Ms: 1.9, p99Ms: 3.2, p999Ms: 4.1, maxMs: 4.2 };
const bench = {
  size: 1024,
  records: 1000,
  bytes: 1_024_000,
  seconds: 1,
  recordsPerSecond: 1000,
  megabytesPerSecond: 1.02,
};

/** By name of the command. Null stands where there is nothing; a list shows one of its items. */
export const jsonExamples: Readonly<Record<string, object>> = {
  "context create": { context: "prod", brokers: "a:9092,b:9092", current: true },
  "context use": { context: "prod", brokers: "a:9092,b:9092", current: true },
  "context list": {
    file: "/home/ann/.config/sluice/config.json",
    contexts: [{ context: "prod", brokers: "a:9092", current: true }],
  },
  "context show": { context: "prod", brokers: "a:9092", origin: "context 'prod'" },
  "context delete": { context: "prod", deleted: true },
  "topic create": { topic: "orders", partitions: 3 },
  "topic list": {
    topics: [
      {
        topic: "orders",
        partitions: 3,
        replicationFactor: 3,
        leaderless: 0,
        underReplicated: 1,
        offlineReplicas: 1,
      },
    ],
  },
  "topic describe": {
    topic: "orders",
    id: "f432aaa2-44e5-4301-9086-84c853319975",
    partitions: [partition],
    configs: [{ name: "retention.ms", value: "604800000", isDefault: true }],
  },
  "topic alter": {
    topic: "orders",
    executed: true,
    changes: [{ key: "retention.ms", current: "604800000", new: "3600000", isDefault: false }],
    settings: 21,
  },
  "topic add-partitions": { topic: "orders", executed: true, before: 3, after: 6 },
  "topic trim": {
    topic: "orders",
    executed: true,
    records: 3,
    partitions: [{ partition: 0, start: 0, new: 3, end: 3, records: 3 }],
  },
  "topic offsets": { topic: "orders", partitions: [{ partition: 0, start: 0, end: 3, records: 3 }] },
  "topic delete": { topic: "orders", deleted: true },
  produce: { records: 3, bytes: 16, seconds: 0.02 },
  consume: {
    topic: "orders",
    partition: 0,
    offset: 0,
    timestamp: 1_769_860_800_000,
    key: "ann",
    value: "first",
    headers: { source: "web" },
  },
  "group list": { groups: [{ group: "billing", state: "empty", members: 0 }] },
  "group describe": {
    group: "billing",
    state: "stable",
    generation: 1,
    assignor: "sticky",
    members: [{ memberId: "m", clientId: "c", host: "127.0.0.1", partitions: [{ topic: "orders", partition: 0 }] }],
    partitions: [{ topic: "orders", partition: 0, committed: 3, end: 3, lag: 0 }],
  },
  "group members": {
    group: "billing",
    state: "stable",
    generation: 1,
    members: [
      {
        memberId: "m",
        clientId: "c",
        host: "127.0.0.1",
        topics: ["orders"],
        partitions: [{ topic: "orders", partition: 0 }],
        assigned: [{ topic: "orders", partition: 0 }],
      },
    ],
  },
  "group lag": {
    group: "billing",
    lag: 2,
    timeLagMs: 1500,
    partitions: [{ topic: "orders", partition: 0, committed: 1, end: 3, lag: 2, timeLagMs: 1500, memberId: "m" }],
  },
  "group reset": plan,
  "group import": plan,
  "group export": {
    groupId: "billing",
    exportedAtMs: 1_769_860_800_000,
    offsets: [{ topic: "orders", partition: 0, offset: 3 }],
  },
  "group delete-offsets": {
    group: "billing",
    deleted: 1,
    partitions: [{ topic: "orders", partition: 0, offset: 3 }],
  },
  "group delete": { group: "billing", deleted: true },
  "cluster info": {
    clusterId: "5f0c2b6e-8a52-4c11-9d3b-5a8d0f5b7c11",
    controller: 1,
    healthy: true,
    topics: 1,
    partitions: 15,
    leaderless: 0,
    brokers: [{ id: 1, host: "127.0.0.1", port: 9092, rack: "", fenced: false, drained: false, leads: 5, keeps: 15 }],
  },
  "cluster health": {
    healthy: true,
    problems: ["broker 2 does not answer: ..."],
    brokers: 3,
    topics: 1,
    partitions: 15,
    leaderless: 0,
    underReplicated: 0,
    offline: 0,
  },
  "cluster brokers": {
    brokers: [
      {
        id: 1,
        host: "127.0.0.1",
        port: 9092,
        rack: "",
        controller: true,
        fenced: false,
        drained: false,
        ready: true,
        state: "ready",
        problems: ["..."],
        version: "0.1.0",
        startedAtMs: 1_769_860_800_000,
        leads: 8,
        diskBytesTotal: 250_000_000_000,
        diskBytesFree: 100_000_000_000,
      },
    ],
  },
  "cluster drain": { broker: 1, drained: true, ...moves },
  "cluster undrain": { broker: 1, drained: false },
  "cluster balance": { ...moves, leadersElected: 4 },
  "cluster adopt-restore": { executed: true, partitions: 15 },
  "partition list": { partitions: [{ topic: "orders", ...place }] },
  "partition describe": {
    topic: "orders",
    ...place,
    preferredLeader: 1,
    eligibleLeaderReplicas: [3],
    addingReplicas: [4],
    removingReplicas: [3],
    start: 0,
    end: 3,
  },
  "partition reassign": { ...moves, bytesMoved: null, cancelled: [{ topic: "orders", partition: 1 }] },
  "partition elect-leader": {
    partitions: [{ topic: "orders", partition: 0, leader: 1, leaderEpoch: 4, problem: "Broker 2 cannot lead ..." }],
  },
  "partition verify": {
    finished: false,
    moves: [
      {
        topic: "orders",
        partition: 0,
        replicas: [1, 2, 3, 4],
        addingReplicas: [4],
        removingReplicas: [1],
        caughtUpReplicas: [4],
      },
    ],
  },
  "cluster config": { brokers: [{ id: 1, configs: [{ key: "port", value: "9092", origin: "default" }] }] },
  "bench produce": { bench: "produce", ...bench, latency },
  "bench consume": { bench: "consume", ...bench, latency: null },
  "bench end-to-end": { bench: "end-to-end", ...bench, latency },
  doctor: {
    status: "warn",
    checks: [{ name: "node", status: "warn", message: "Node 20.20.2 works, but ...", next: "Move to Node 22 or 24." }],
  },
  version: { client: { version: "0.1.0", node: "24.1.0" }, brokers: [{ id: 1, version: "0.1.0" }] },
};
