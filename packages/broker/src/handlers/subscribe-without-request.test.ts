import { MemoryFileSystem } from "@sluice/log/testing";
import { SeededRandom } from "@sluice/model/testing";
import { expect, it } from "vitest";
import { RecordingStream } from "../testing/recording-stream.js";
import { RegistryFixture } from "../testing/registry-fixture.js";
import { serveSubscribe } from "./subscribe-handler.js";

it("ends a Subscribe stream whose client ends without having asked for anything", async () => {
  const fixture = await RegistryFixture.open(new MemoryFileSystem(new SeededRandom(1)));
  const { registry: partitions, streams } = fixture;
  const stream = new RecordingStream(serveSubscribe({ partitions, streams, brokerId: 1 }));
  stream.finish();
  expect(stream.abortedWith?.code).toBe("INVALID_REQUEST");
  expect(streams.count).toBe(0);
  await fixture.close();
});
