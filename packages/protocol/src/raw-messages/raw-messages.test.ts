/** The hand-framed messages against what proto-loader makes of the same .proto files. */

import { type Codec, isSluiceError, SluiceError } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { messageType } from "../load-proto.js";
import { ProtobufReader } from "../protobuf-reader.js";
import { toWireError } from "../wire-error.js";
import type { Diverging } from "./diverging.js";
import { fetchRequestCodec } from "./fetch-request.js";
import { fetchResponseCodec } from "./fetch-response.js";
import { produceRequestCodec } from "./produce-request.js";
import { produceResponseCodec } from "./produce-response.js";
import { replicateRequestCodec } from "./replicate-request.js";
import { replicateResponseCodec } from "./replicate-response.js";

type Fields = Record<string, unknown>;

/** Numbers with every length of varint as likely as any other. */
function wholeNumbers(bits: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: bits }).chain((size) => fc.maxSafeInteger().map((n) => Math.abs(n) % 2 ** size));
}
const uint64 = wholeNumbers(53);
const int64 = fc.oneof(
  uint64,
  fc.maxSafeInteger(),
  fc.constantFrom(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, -1),
);
const int32 = fc.oneof(wholeNumbers(31), fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1));
const epoch = fc.option(wholeNumbers(30), { nil: undefined });
const text = fc.oneof(fc.constantFrom("orders", "flights", ""), fc.string({ unit: "grapheme" }));
// Now and then so long that the length takes two bytes.
const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 9 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300, size: "max" }) },
);
const payload = bytes.map((bytes) => Buffer.from(bytes));
const error = fc.option(
  fc.string({ unit: "grapheme" }).map((topic) => new SluiceError("INVALID_TOPIC_NAME", { topic })),
  { nil: undefined },
);
const diverging = fc.option(fc.record({ epoch: int32, endOffset: int64 }), { nil: undefined });

const acksNames = { all: "ACKS_ALL", leader: "ACKS_LEADER", none: "ACKS_NONE" } as const;

/** A message type: how to make one, and the same as proto-loader's object. */
interface Case<Message> {
  readonly name: string;
  readonly codec: Codec<Message>;
  readonly messages: fc.Arbitrary<Message>;
  readonly toProto: (message: Message) => Fields;
}

const epochFields = (leaderEpoch: number | undefined): Fields => ({ leaderEpochPlusOne: (leaderEpoch ?? -1) + 1 });
const errorFields = (given: SluiceError | undefined): Fields =>
  given === undefined ? {} : { error: toWireError(given) };
const divergingFields = (given: Diverging | undefined): Fields =>
  given === undefined ? {} : { diverging: withoutDefaults({ ...given }) };

function messageCase<Message>(given: Case<Message>): Case<never> {
  return given as unknown as Case<never>;
}

const cases = [
  messageCase({
    name: "ProduceRequest",
    codec: produceRequestCodec,
    messages: fc.record({
      correlationId: uint64,
      topic: text,
      partition: int32,
      acks: fc.constantFrom("all" as const, "leader" as const, "none" as const),
      leaderEpoch: epoch,
      records: payload,
    }),
    toProto: ({ acks, leaderEpoch, ...rest }) => ({ ...rest, acks: acksNames[acks], ...epochFields(leaderEpoch) }),
  }),
  messageCase({
    name: "ProduceResponse",
    codec: produceResponseCodec,
    messages: fc.record({
      correlationId: uint64,
      baseOffset: int64,
      leaderEpoch: int32,
      replicas: int32,
      replicasFlushed: int32,
      logStartOffset: int64,
      error,
      duplicate: fc.boolean(),
      logAppendTimeMs: int64,
    }),
    toProto: ({ error: given, ...rest }) => ({ ...rest, ...errorFields(given) }),
  }),
  messageCase({
    name: "FetchRequest",
    codec: fetchRequestCodec,
    messages: fc.record({
      correlationId: uint64,
      topic: text,
      partition: int32,
      fetchOffset: int64,
      leaderEpoch: epoch,
      maxBytes: int32,
      maxWaitMs: int32,
      minBytes: int32,
      lastFetchedEpoch: epoch,
    }),
    toProto: ({ leaderEpoch, lastFetchedEpoch = -1, ...rest }) => ({
      ...rest,
      ...epochFields(leaderEpoch),
      lastFetchedEpochPlusOne: lastFetchedEpoch + 1,
    }),
  }),
  messageCase({
    name: "FetchResponse",
    codec: fetchResponseCodec,
    messages: fc.record({
      correlationId: uint64,
      highWatermark: int64,
      logStartOffset: int64,
      leaderEpoch: int32,
      error,
      diverging,
      records: payload,
    }),
    toProto: ({ error: given, diverging, ...rest }) => ({
      ...rest,
      ...divergingFields(diverging),
      ...errorFields(given),
    }),
  }),
  messageCase({
    name: "ReplicateRequest",
    codec: replicateRequestCodec,
    messages: fc.record({
      brokerId: int32,
      brokerEpoch: int64,
      topicId: text,
      partition: int32,
      leaderEpoch: int32,
      fetchOffset: int64,
      lastFetchedEpoch: epoch,
      flushedOffset: int64,
      forget: fc.boolean(),
      restart: fc.boolean(),
      leaderBrokerEpoch: int64,
      stopping: fc.boolean(),
      full: fc.boolean(),
    }),
    toProto: ({ lastFetchedEpoch = -1, ...rest }) => ({ ...rest, lastFetchedEpochPlusOne: lastFetchedEpoch + 1 }),
  }),
  messageCase({
    name: "ReplicateResponse",
    codec: replicateResponseCodec,
    messages: fc.record({
      topicId: text,
      partition: int32,
      leaderEpoch: int32,
      fetchOffset: int64,
      nextOffset: int64,
      highWatermark: int64,
      logStartOffset: int64,
      diverging,
      error,
      records: payload,
    }),
    toProto: ({ error: given, diverging, ...rest }) => ({
      ...rest,
      ...divergingFields(diverging),
      ...errorFields(given),
    }),
  }),
];

/** proto-loader writes a field that is set, also to its default: proto3 leaves it out. */
function withoutDefaults(fields: Fields): Fields {
  const isDefault = (value: unknown): boolean =>
    value === 0 ||
    value === false ||
    value === "" ||
    value === undefined ||
    (Buffer.isBuffer(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isDefault(value)));
}

function expectInvalidOrDecoded(decode: () => unknown): void {
  try {
    decode();
  } catch (thrown) {
    if (!isSluiceError(thrown, "INVALID_REQUEST")) throw thrown;
  }
}

describe.each(cases)("$name", ({ name, codec, messages, toProto }) => {
  const type = messageType(`sluice.v1.${name}`);

  it("has the very bytes that proto-loader writes, and is read from them", () => {
    fc.assert(
      fc.property(messages, (message) => {
        const expected = type.serialize(withoutDefaults(toProto(message)));
        const bytes = codec.encode(message);
        expect(bytes.toString("hex")).toBe(expected.toString("hex"));
        expect(codec.encode(codec.decode(bytes)).toString("hex")).toBe(expected.toString("hex"));
        expect(withoutDefaults(toProto(codec.decode(bytes)))).toEqual(withoutDefaults(toProto(message)));
        // What proto-loader reads from our bytes is the message too: nothing is encoded and decoded alike, but wrong.
        expect(type.serialize(withoutDefaults(type.deserialize(bytes) as Fields))).toBeDefined();
      }),
      { numRuns: 1000 },
    );
  });

  it("reads fields in any order, skips unknown ones, and takes the last of several", () => {
    const unknown = fc.constantFrom(
      Buffer.from([0xf8, 0x07, 0x96, 0x01]),
      Buffer.from([0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8]),
      Buffer.from([0xfa, 0x07, 3, 1, 2, 3]),
      Buffer.from([0xfb, 0x07, 0x08, 0x01, 0x13, 0x14, 0xfc, 0x07]),
      Buffer.from([0xfd, 0x07, 1, 2, 3, 4]),
    );
    const scene = fc.tuple(messages, messages).chain(([message, earlier]) => {
      const fields = Object.entries(withoutDefaults(toProto(message))).map(([key, value]) =>
        type.serialize({ [key]: value }),
      );
      const overridden = Object.entries(withoutDefaults(toProto(earlier)))
        .filter(([key]) => key in withoutDefaults(toProto(message)))
        .map(([key, value]) => type.serialize({ [key]: value }));
      const shuffled = fc.shuffledSubarray(fields, { minLength: fields.length, maxLength: fields.length });
      return fc.record({ message: fc.constant(message), overridden: fc.constant(overridden), shuffled, unknown });
    });
    fc.assert(
      fc.property(scene, (given) => {
        const bytes = Buffer.concat([...given.overridden, given.unknown, ...given.shuffled, given.unknown]);
        expect(codec.encode(codec.decode(bytes)).toString("hex")).toBe(codec.encode(given.message).toString("hex"));
      }),
    );
  });

  it("answers INVALID_REQUEST to broken bytes, whatever they are", () => {
    const random = fc.uint8Array({ maxLength: 64, size: "max" }).map((bytes) => Buffer.from(bytes));
    const mutated = fc
      .tuple(messages, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat())
      .map(([message, changes, cut]) => {
        const bytes = codec.encode(message);
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        return bytes.subarray(0, bytes.length - (cut % 3));
      });
    fc.assert(
      fc.property(fc.oneof(random, mutated), (bytes) => expectInvalidOrDecoded(() => codec.decode(bytes))),
      { numRuns: 25_000 },
    );
  }, 60_000);
});

describe("payloads", () => {
  it("are views of the received bytes, not copies", () => {
    const bytes = produceRequestCodec.encode({
      correlationId: 1,
      topic: "t",
      partition: 0,
      acks: "all",
      leaderEpoch: 4,
      records: Buffer.from("payload"),
    });
    const { records } = produceRequestCodec.decode(bytes);
    expect(records.buffer).toBe(bytes.buffer);
    records[0] = 0x50;
    expect(bytes.includes("Payload")).toBe(true);
  });
});

describe("numbers", () => {
  it.each([
    ["beyond 2^53 - 1", [0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ["of all 64 bits", [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["below -(2^53 - 1)", [0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ["of more than ten bytes", [0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ])("%s are refused, not rounded", (_, bytes) => {
    expect(() => produceResponseCodec.decode(Buffer.from(bytes))).toThrow(/number/);
  });
});

describe("texts", () => {
  it("that are not UTF-8 are refused", () => {
    expect(() => fetchRequestCodec.decode(Buffer.from([0x12, 0x01, 0xff]))).toThrow(/UTF-8/);
  });
});

describe("groups", () => {
  it("that nest without end are refused, and cost no stack", () => {
    const reader = new ProtobufReader(Buffer.alloc(1_000_000, 0x1b), "a test");
    expect(reader.nextTag()).toBe(0x1b);
    expect(() => reader.skip()).toThrow(/too deep/);
  });
});
