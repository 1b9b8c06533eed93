import { isSluiceError } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { messageType } from "./load-proto.js";
import { protoCodec } from "./proto-codec.js";
import { clusterService, groupsService, logService, recordsService } from "./service-definitions.js";
import type { PartitionOffset, PublishRequest } from "./wire-messages.js";

const offsetCodec = protoCodec<PartitionOffset>("sluice.v1.PartitionOffset");
const position: PartitionOffset = { topic: "t", partition: 3, offset: 0, timestampMs: -1, leaderEpoch: 0, error: null };

describe("64-bit integers", () => {
  it("up to 2^53 - 1 go through unchanged", () => {
    for (const offset of [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      expect(offsetCodec.decode(offsetCodec.encode({ ...position, offset }))).toEqual({ ...position, offset });
    }
  });

  it.each(["9007199254740992", "9007199254740993", "9223372036854775807", "-9223372036854775808"])(
    "beyond 2^53 - 1 are refused, not rounded: %s",
    (offset) => {
      const bytes = messageType("sluice.v1.PartitionOffset").serialize({ offset });
      expect(() => offsetCodec.decode(bytes)).toThrow(/offset is/);
      const nested = messageType("sluice.v1.ListOffsetsResponse").serialize({ partitions: [{}, { offset }] });
      expect(() => logService.listOffsets.response.decode(nested)).toThrow(/offset is/);
    },
  );

  it.each([Number.NaN, 0.5, 2 ** 53, Number.POSITIVE_INFINITY])(
    "that a number cannot be are not sent: %s",
    (offset) => {
      expect(() => offsetCodec.encode({ ...position, offset })).toThrow(/offset is/);
    },
  );
});

it("refuses enum numbers that it does not know", () => {
  const bytes = Buffer.from([0x18, 77]);
  expect(() => recordsService.publish.request.decode(bytes)).toThrow(/acks 77/);
});

it("keeps null and empty apart in keys, values and headers", () => {
  const empty = Buffer.alloc(0);
  const request: PublishRequest = {
    topic: "t",
    acks: "ACKS_ALL",
    records: [
      { headers: [{ key: "a" }, { key: "a", value: empty }] },
      { key: empty, value: empty, headers: [], partition: 0, timestampMs: 0 },
    ],
  };
  const { records } = recordsService.publish.request.decode(recordsService.publish.request.encode(request));
  expect(records[0]).not.toHaveProperty("key");
  expect(records[0]?.headers[0]).not.toHaveProperty("value");
  expect(records[0]?.headers[1]?.value).toEqual(empty);
  expect(records[1]).toMatchObject({ key: empty, value: empty, partition: 0, timestampMs: 0 });
});

it("answers INVALID_REQUEST to broken bytes, whatever they are", () => {
  const services = [logService.listOffsets, ...[recordsService, clusterService, groupsService].flatMap(Object.values)];
  const codecs = services.flatMap(({ request, response }) => [request, response]);
  expect(codecs.length).toBeGreaterThan(20);
  fc.assert(
    fc.property(fc.constantFrom(...codecs), fc.uint8Array({ maxLength: 64, size: "max" }), (codec, bytes) => {
      try {
        codec.decode(Buffer.from(bytes));
      } catch (thrown) {
        if (!isSluiceError(thrown, "INVALID_REQUEST")) throw thrown;
      }
    }),
    { numRuns: 20_000 },
  );
}, 60_000);
