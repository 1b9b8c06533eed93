import { type ClusterImage, formatHistoryValue, historyKey, parseHistoryValue } from "@sluice/cluster";
import { MemoryClusterStore } from "@sluice/coordination";
import { LogDirectory } from "@sluice/log";
import { MemoryFileSystem } from "@sluice/log/testing";
import { brokerId, type SluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "./logging.js";
import { StoreHistory } from "./store-history.js";
import { imageOf, type TopicSketch } from "./testing/image-of.js";

const topic: TopicSketch = { name: "t", partitions: 2, replicas: [1, 2, 3], leaderEpoch: 7 };
const code = (error: SluiceError | undefined): string | undefined => error?.code;

describe("StoreHistory", () => {
  let fileSystem: MemoryFileSystem;
  let store: MemoryClusterStore;
  let told: string[];

  beforeEach(() => {
    fileSystem = new MemoryFileSystem(new SeededRandom(1));
    store = new MemoryClusterStore({ clock: new VirtualClock(), random: new SeededRandom(1) });
    told = [];
  });

  /** That of a broker that starts on what is on the disk. */
  async function start(image: ClusterImage): Promise<StoreHistory> {
    fileSystem = fileSystem.kill();
    const dependencies = { fileSystem, clock: new VirtualClock(), random: new SeededRandom(1) };
    const logDirectory = await LogDirectory.open({ path: "/data", brokerId: 1, clusterId: "c" }, dependencies);
    const history = new StoreHistory(
      { brokerId: brokerId(1) },
      {
        logDirectory,
        store,
        logger: silentLogger,
        onDistrusted: () => told.push("distrusted"),
        onStale: () => told.push("stale"),
      },
    );
    await history.begin(image);
    return history;
  }

  async function recorded(): Promise<void> {
    while (told.at(-1) !== "stale") await new Promise((resolve) => setImmediate(resolve));
  }

  async function storeSays(): Promise<unknown> {
    await new Promise((resolve) => setImmediate(resolve));
    const entry = await store.get(historyKey);
    return entry === undefined ? undefined : parseHistoryValue(historyKey, entry.value);
  }

  const restoredImage = (revision: number): ClusterImage => {
    return { ...imageOf(revision, [topic]), history: { number: 0, isRestored: true, version: 5 } };
  };
  const adoptedImage = (revision: number): ClusterImage => {
    return { ...imageOf(revision, [topic]), history: { number: 1, isRestored: false, version: 6 } };
  };

  it("trusts a store that goes on, over a restart too", async () => {
    const first = await start(imageOf(10, [topic]));
    expect(first.examine(imageOf(11, [{ ...topic, leaderEpoch: 8 }]))).toBe(true);
    const second = await start(imageOf(12, [{ ...topic, leaderEpoch: 8 }]));
    expect([first.problem, second.problem, told]).toEqual([undefined, undefined, []]);
    expect(await storeSays()).toBeUndefined();
  });

  it("refuses a store that is older than what was acted upon, and says so in it", async () => {
    await start(imageOf(10, [topic]));
    const history = await start(imageOf(9, []));
    expect(code(history.problem)).toBe("STORE_RESTORED");
    expect(await storeSays()).toEqual({ number: 0, state: "restored" });
  });

  it("goes on refusing it when it has grown, though nobody says so in it any more", async () => {
    await start(imageOf(10, [topic]));
    await start(imageOf(9, []));
    expect(code((await start(imageOf(1000, []))).problem)).toBe("STORE_RESTORED");
  });

  it("refuses a store that has forgotten a registration, however new it is", async () => {
    const history = await start(imageOf(10, []));
    await history.recordLife(500);
    expect(code((await start(imageOf(1000, []))).problem)).toBe("STORE_RESTORED");
  });

  it("stops for good when an image contradicts an epoch that it knows: roles end at once", async () => {
    const history = await start(imageOf(10, [topic]));
    expect(history.examine(imageOf(11, [{ ...topic, leader: 2, leaderBrokerEpoch: 99 }]))).toBe(false);
    expect([told, code(history.problem)]).toEqual([["distrusted"], "STORE_RESTORED"]);
    await recorded();
    expect(history.examine(imageOf(12, [topic]))).toBe(false);
    expect(told).toEqual(["distrusted", "stale"]);
    expect(code((await start(imageOf(13, [topic]))).problem)).toBe("STORE_RESTORED");
  });

  it("stops for good when another broker says that the store was restored", async () => {
    const history = await start(imageOf(10, [topic]));
    expect(history.examine(restoredImage(11))).toBe(false);
    await recorded();
    expect(told).toEqual(["distrusted", "stale"]);
  });

  it("waits until what was restored is adopted, and forgets what it knew before", async () => {
    await start(imageOf(10, [topic]));
    const history = await start(restoredImage(5));
    const waiting = history.whenTrusted(new AbortController().signal);
    expect(history.examine(restoredImage(6))).toBe(true);
    expect([history.refusesRoles, history.number]).toEqual([true, 0]);
    expect(history.examine(adoptedImage(8))).toBe(true);
    await waiting;
    expect([history.refusesRoles, history.number, told]).toEqual([false, 1, []]);
    expect((await start(adoptedImage(9))).problem).toBeUndefined();
  });

  it("goes on with what was adopted while it was not there", async () => {
    await start(imageOf(100, [topic]));
    const history = await start(adoptedImage(9));
    expect([history.problem, history.number]).toEqual([undefined, 1]);
    // Also after a crash in the middle of its next registration.
    expect((await start(adoptedImage(9))).problem).toBeUndefined();
  });

  it("stops once more when the store is restored again while it waits", async () => {
    await start(imageOf(10, [topic]));
    const history = await start(restoredImage(5));
    history.distrust(history.problem as SluiceError);
    await recorded();
    expect(history.examine(adoptedImage(8))).toBe(false);
  });

  it("does not wait any longer than it is to", async () => {
    const history = await start(restoredImage(5));
    const controller = new AbortController();
    const waiting = history.whenTrusted(controller.signal);
    controller.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    await expect(history.whenTrusted(controller.signal)).rejects.toThrow("stopped");
  });

  it("says so in the store as soon as that can be written", async () => {
    await start(imageOf(10, [topic]));
    // As an image that is behind has it.
    await store.transact(
      [],
      [{ type: "put", key: historyKey, value: formatHistoryValue({ number: 0, state: "adopted" }) }],
    );
    const history = await start(imageOf(9, []));
    expect(await storeSays()).toEqual({ number: 0, state: "adopted" });
    const { modRevision: version = 0 } = (await store.get(historyKey)) ?? {};
    history.examine({ ...imageOf(9, []), history: { number: 0, isRestored: false, version } });
    expect(await storeSays()).toEqual({ number: 0, state: "restored" });
  });

  it("records changes before anybody acts upon them, and sees in their revisions that the store went back", async () => {
    const history = await start(imageOf(10, [topic]));
    const change = { succeeded: true, revision: 20 };
    expect(await history.act(async () => change)).toBe(change);
    expect(code((await start(imageOf(19, [topic]))).problem)).toBe("STORE_RESTORED");
    await expect(history.act(async () => ({ succeeded: true, revision: 19 }))).rejects.toMatchObject({
      code: "STORE_RESTORED",
    });
    expect(told[0]).toBe("distrusted");
    await expect(history.act(() => Promise.reject(new Error("not asked")))).rejects.toMatchObject({
      code: "STORE_RESTORED",
    });
  });

  it("tells others which epochs it knows", async () => {
    const image = imageOf(10, [topic]);
    const history = await start(image);
    const [id] = [...image.topicsById.keys()];
    if (id === undefined) throw new Error("no topic");
    expect([
      history.knownEpoch({ topicId: id, partition: 1 }),
      history.knownEpoch({ topicId: id, partition: 2 }),
    ]).toEqual([7, undefined]);
  });
});
