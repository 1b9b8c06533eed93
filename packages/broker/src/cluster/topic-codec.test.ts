import { MemoryClusterStore } from "@sluice/coordination";
import { isSluiceError, SluiceError, topicName } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ClusterBroker, startClusterBroker } from "../testing/cluster-fixture.js";
import type { CodecCheck } from "./topic-codec.js";

const never = new AbortController().signal;
const lz4 = [{ key: "compression.type", value: "lz4" }];
const gzip = [{ key: "compression.type", value: "gzip" }];
const base = { name: "flights", partitions: 1, replicationFactor: 1 };

let store: MemoryClusterStore;
let bare: ClusterBroker;
let equipped: ClusterBroker;

beforeEach(async () => {
  const clock = new VirtualClock();
  store = new MemoryClusterStore({ clock, random: new SeededRandom(1) });
  const checkCodec: CodecCheck = (codec) => {
    if (codec === "lz4") throw new SluiceError("MISSING_CODEC_PACKAGE", { codec, package: "lz4-napi" });
  };
  bare = await startClusterBroker({ id: 1, checkCodec }, { store, clock });
  equipped = await startClusterBroker({ id: 2 }, { store, clock });
});
afterEach(async () => {
  await Promise.all([bare.close(), equipped.close()]);
  await store.close();
});

it("refuses to create a topic whose codec this broker lacks, and writes nothing", async () => {
  await bare.images.waitFor(({ controller }) => controller !== undefined);
  const { revision } = await store.list("");
  for (const configs of [lz4, [...gzip, ...lz4]]) {
    const created = bare.topicAdmin.createTopic({ ...base, configs }, never);
    await expect(created).rejects.toSatisfy(isMissingLz4);
    await expect(bare.topicAdmin.validateTopic({ ...base, configs }, never)).rejects.toSatisfy(isMissingLz4);
  }
  expect((await store.list("")).revision).toBe(revision);
});

it("refuses to give it to a topic that exists, by name", async () => {
  await bare.topicAdmin.createTopic({ ...base, configs: [...lz4, ...gzip] }, never);
  const alteration = { name: "flights", set: lz4, reset: [] };
  await expect(bare.topicAdmin.alterConfigs(alteration, never)).rejects.toSatisfy(isMissingLz4);
  await expect(bare.topicAdmin.validateConfigs(alteration, never)).rejects.toSatisfy(isMissingLz4);
  expect(bare.image.topics.get(topicName("flights"))?.config["compression.type"]).toBe("gzip");
});

it("changes other settings of a topic whose codec it lacks, which another broker allowed", async () => {
  await equipped.topicAdmin.createTopic({ ...base, configs: lz4 }, never);
  const set = [{ key: "retention.ms", value: "5000" }];
  const { config } = await bare.topicAdmin.alterConfigs({ name: "flights", set, reset: [] }, never);
  expect(config).toMatchObject({ "compression.type": "lz4", "retention.ms": 5000 });
});

it("says first what is wrong with the request itself", async () => {
  const configs = [...lz4, { key: "flush", value: "never" }];
  const created = bare.topicAdmin.createTopic({ ...base, configs }, never);
  await expect(created).rejects.toSatisfy((error) => isSluiceError(error, "INVALID_CONFIG_VALUE"));
});

function isMissingLz4(error: unknown): boolean {
  return isSluiceError(error, "MISSING_CODEC_PACKAGE") && error.message.includes("lz4-napi");
}
