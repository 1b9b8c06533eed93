import { brokerKey, drainedBrokerKey } from "@sluice/cluster";
import { brokerId, isSluiceError, type ServedMethod, SluiceError } from "@sluice/model";
import { clusterService, type DescribeClusterRequest, type DescribeClusterResponse } from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OpenStreams } from "../handlers/open-streams.js";
import { callServed } from "../testing/call-served.js";
import { imageOf } from "../testing/image-of.js";
import { ObservedCluster } from "../testing/observed-cluster.js";
import { RecordingStream } from "../testing/recording-stream.js";
import { serveDescribeCluster } from "./describe-handler.js";
import { endpointFor } from "./dialled-listener.js";
import { serveWatchCluster } from "./watch-cluster-handler.js";

const never = new AbortController().signal;
const everything: DescribeClusterRequest = { topics: [], brokersOnly: false, createMissing: false };

describe("Cluster.WatchCluster", () => {
  let cluster: ObservedCluster;
  let streams: OpenStreams;
  let served: ServedMethod;

  beforeEach(async () => {
    cluster = await ObservedCluster.open();
    await cluster.start({ id: 1 }, { id: 2 });
    await cluster.until((image) => image.controller !== undefined);
    await cluster.settle();
    streams = new OpenStreams();
    served = serveWatchCluster({ images: cluster.brokerAt(0).images, streams });
  });
  afterEach(() => cluster.close());

  it("tells everything first, and then only what has changed", async () => {
    await create("t", 2);
    const watch = open(everything);
    const [full] = watch.sent;
    expect(full).toMatchObject({ isDelta: false, controllerIdPlusOne: 2, deletedTopics: [] });
    expect(full?.brokers.map(({ id, fenced, drained }) => [id, fenced, drained])).toEqual([
      [1, false, false],
      [2, false, false],
    ]);
    expect(full?.topics.map(({ name, partitions }) => [name, partitions.length])).toEqual([["t", 2]]);
    await create("u", 1);
    await cluster.settle();
    expect(watch.sent).toHaveLength(2);
    expect(watch.sent[1]).toMatchObject({ isDelta: true, brokers: [], deletedTopics: [], revision: seen().revision });
    expect(watch.sent[1]?.topics.map(({ name }) => name)).toEqual(["u"]);
    await cluster.brokerAt(0).topicAdmin.deleteTopic("t", never);
    await cluster.settle();
    expect(watch.sent.at(-1)).toMatchObject({ isDelta: true, topics: [], deletedTopics: ["t"] });
  });

  it("tells of leaders and brokers as they go, and of marks on brokers", async () => {
    await create("t", 2);
    const watch = open(everything);
    cluster.kill(2);
    await cluster.store.transact([], [{ type: "delete", key: brokerKey(brokerId(2)) }]);
    await cluster.until((image) =>
      [...image.topics.values()].some(({ partitions }) => partitions.some((one) => one.leader === undefined)),
    );
    await cluster.settle();
    const deltas = watch.sent.slice(1);
    expect(deltas.find(({ brokers }) => brokers.length > 0)?.brokers.map(({ id }) => id)).toEqual([1]);
    const [topic] = deltas.flatMap(({ topics }) => topics).slice(-1);
    const orphan = topic?.partitions.find(({ leaderIdPlusOne }) => leaderIdPlusOne === 0);
    expect(orphan).toMatchObject({ leaderEpoch: 1, offlineReplicas: [2] });
    await cluster.store.transact([], [{ type: "put", key: drainedBrokerKey(brokerId(1)), value: "{}" }]);
    await cluster.settle();
    expect(watch.sent.at(-1)?.brokers).toMatchObject([{ id: 1, drained: true }]);
  });

  it("tells nothing of what was not asked for", async () => {
    const one = open({ ...everything, topics: ["u"] });
    const brokers = open({ ...everything, brokersOnly: true });
    expect(one.sent[0]?.topics).toMatchObject([{ name: "u", error: { code: "UNKNOWN_TOPIC" } }]);
    await create("t", 1);
    await create("u", 1);
    await cluster.settle();
    expect(one.sent.slice(1).flatMap(({ topics }) => topics.map(({ name }) => name))).toEqual(["u"]);
    expect(brokers.sent).toHaveLength(1);
  });

  it("sends nothing to a client that does not read, and then all that has changed in one message", async () => {
    const watch = open(everything, { isBlocked: true });
    await create("t", 1);
    await create("u", 1);
    await cluster.brokerAt(0).topicAdmin.deleteTopic("t", never);
    await cluster.settle();
    expect(watch.sent).toHaveLength(1);
    watch.unblock();
    expect(watch.sent).toHaveLength(2);
    expect(watch.sent[1]?.topics.map(({ name }) => name)).toEqual(["u"]);
    expect(watch.sent[1]?.deletedTopics).toEqual([]);
  });

  it("ends when the broker stops, and holds nothing of clients that went", async () => {
    const [gone, open1] = [open(everything), open(everything)];
    gone.disconnect(new SluiceError("CANCELLED", { operation: "watching" }));
    expect(streams.count).toBe(1);
    await create("t", 1);
    expect(gone.sent).toHaveLength(1);
    streams.drain();
    expect(open1.hasEnded).toBe(true);
    const late = open(everything);
    expect([late.hasEnded, late.sent.length, streams.count]).toEqual([true, 0, 0]);
  });

  it("breaks a stream that ends without having asked for anything", () => {
    const stream = new RecordingStream<DescribeClusterRequest, DescribeClusterResponse>(served);
    stream.finish();
    expect(isSluiceError(stream.abortedWith, "INVALID_REQUEST")).toBe(true);
    expect(streams.count).toBe(0);
  });

  it("tells the addresses of the listener that was dialled, as Describe does", async () => {
    const { images } = cluster.brokerAt(0);
    const image = imageOf(1, []);
    const [registration] = image.brokers.values();
    if (registration === undefined) throw new Error("no broker");
    const listeners = { external: { host: "", port: 19092 }, internal: { host: "broker-1", port: 9092 } };
    const broker = { ...registration, listeners };
    expect(endpointFor(broker, { listener: "internal", authority: "x:1" })).toEqual({ host: "broker-1", port: 9092 });
    expect(endpointFor(broker, { listener: "external", authority: "localhost:19092" })).toEqual({
      host: "localhost",
      port: 19092,
    });
    expect(endpointFor(broker, { listener: "external", authority: "[::1]:19092" })).toEqual({
      host: "::1",
      port: 19092,
    });
    expect(endpointFor(broker, { listener: "external", authority: "" })).toEqual({ host: "127.0.0.1", port: 19092 });
    expect(endpointFor(broker, { listener: "", authority: "x:1" })).toEqual({ host: "127.0.0.1", port: 9 });
    const describeCall = { method: clusterService.describe, request: everything };
    const answer = await callServed([serveDescribeCluster({ images, listener: "external" })], describeCall);
    expect(answer.brokers.map(({ host, port }) => [host, port])).toEqual([
      ["127.0.0.1", 9093],
      ["127.0.0.1", 9094],
    ]);
  });

  function open(request: DescribeClusterRequest, { isBlocked = false } = {}) {
    const stream = new RecordingStream<DescribeClusterRequest, DescribeClusterResponse>(served);
    stream.isBlocked = isBlocked;
    stream.receive(request);
    stream.finish();
    return stream;
  }

  function seen() {
    return cluster.brokerAt(0).image;
  }

  async function create(name: string, partitions: number): Promise<void> {
    await cluster.brokerAt(0).topicAdmin.createTopic({ name, partitions, replicationFactor: 1, configs: [] }, never);
  }
});
