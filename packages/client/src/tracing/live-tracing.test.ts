import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import * as otel from "@opentelemetry/api";
import { SluiceError } from "@sluice/model";
import { afterEach, describe, expect, it } from "vitest";
import { FakeCluster } from "../testing/fake-cluster.js";
import { testClient } from "../testing/test-client.js";
import type { ReceivedMessage } from "./client-tracing.js";
import { LiveTracing } from "./live-tracing.js";
import { formatTraceParent, parseTraceParent } from "./trace-headers.js";

/** A span that remembers what it is told. */
class RecordedSpan {
  readonly attributes: Record<string, unknown> = {};
  status: otel.SpanStatus | undefined;
  exceptions: unknown[] = [];
  endCount = 0;
  readonly name: string;
  readonly kind: otel.SpanKind | undefined;
  readonly parent: otel.SpanContext | undefined;
  readonly context: otel.SpanContext;

  constructor(name: string, options: otel.SpanOptions, parent: otel.SpanContext | undefined, number: number) {
    this.name = name;
    this.kind = options.kind;
    this.parent = parent;
    Object.assign(this.attributes, options.attributes);
    const traceId = parent?.traceId ?? number.toString(16).padStart(32, "a");
    const traceState = parent?.traceState ?? otel.createTraceState("vendor=1");
    this.context = { traceId, spanId: number.toString(16).padStart(16, "b"), traceFlags: 1, traceState };
  }
  spanContext = () => this.context;
  setAttribute(name: string, value: unknown): this {
    this.attributes[name] = value;
    return this;
  }
  setStatus(status: otel.SpanStatus): this {
    this.status = status;
    return this;
  }
  recordException(exception: unknown): void {
    this.exceptions.push(exception);
  }
  end(): void {
    this.endCount++;
  }
}

const contexts = new AsyncLocalStorage<otel.Context>();

function startOpenTelemetry(): RecordedSpan[] {
  const spans: RecordedSpan[] = [];
  otel.trace.setGlobalTracerProvider({
    getTracer: () => ({
      startSpan: (name: string, options: otel.SpanOptions = {}, context = otel.context.active()) => {
        const span = new RecordedSpan(name, options, otel.trace.getSpanContext(context), spans.length + 1);
        spans.push(span);
        return span as unknown as otel.Span;
      },
      startActiveSpan: () => expect.fail("not used"),
    }),
  });
  otel.context.setGlobalContextManager({
    active: () => contexts.getStore() ?? otel.ROOT_CONTEXT,
    with: (context, work, thisArg, ...args) => contexts.run(context, () => work.apply(thisArg, args)),
    bind: (_context, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  });
  return spans;
}

afterEach(() => {
  otel.trace.disable();
  otel.context.disable();
  otel.propagation.disable();
});

function tracing(load?: () => unknown): { readonly live: LiveTracing; readonly missing: unknown[] } {
  const missing: unknown[] = [];
  const onMissing = (error: unknown): void => void missing.push(error);
  return { live: new LiveTracing({ clientId: "shop" }, load ? { onMissing, load } : { onMissing }), missing };
}

function received(headers: Record<string, unknown> = {}): ReceivedMessage {
  return { groupId: "billing", message: { topic: "orders", partition: 2, offset: 7, value: null, headers } };
}

const failure = new SluiceError("UNKNOWN_TOPIC", { topic: "orders" });

describe("with nobody listening", () => {
  it("is off, loads nothing, and gives back the very same messages", async () => {
    const { live, missing } = tracing(() => expect.fail("loaded"));
    expect(live.isOn).toBe(false);
    const messages = [{ value: "a" }];
    const send = live.sendStarted("orders", messages);
    expect(send.messages).toBe(messages);
    send.settled();
    expect(await live.process(received(), async () => 7)).toBe(7);
    expect(missing).toEqual([]);
  });
});

describe("with OpenTelemetry", () => {
  it("makes one span of a send, and names it in the headers of each message that is in no trace yet", () => {
    const spans = startOpenTelemetry();
    const { live } = tracing();
    expect(live.isOn).toBe(true);
    const own = { value: "b", headers: { traceparent: "own" } };
    const send = live.sendStarted("orders", [{ value: "a", headers: { kept: "1" } }, own]);
    expect(spans).toHaveLength(1);
    const [span] = spans as [RecordedSpan];
    expect(send.messages).toEqual([
      { value: "a", headers: { kept: "1", traceparent: formatTraceParent(span.context), tracestate: "vendor=1" } },
      own,
    ]);
    expect(span).toMatchObject({ name: "send orders", kind: otel.SpanKind.PRODUCER, endCount: 0 });
    expect(span.attributes).toEqual({
      "messaging.system": "sluice",
      "messaging.operation.name": "send",
      "messaging.operation.type": "send",
      "messaging.destination.name": "orders",
      "messaging.client.id": "shop",
      "messaging.batch.message_count": 2,
    });
    send.settled();
    expect(span).toMatchObject({ endCount: 1, status: undefined });
  });

  it("says why a send failed", () => {
    const spans = startOpenTelemetry();
    const { live } = tracing();
    live.sendStarted("orders", [{ value: "a" }]).settled(failure);
    expect(spans[0]).toMatchObject({
      endCount: 1,
      status: { code: otel.SpanStatusCode.ERROR },
      exceptions: [failure],
      attributes: { "error.type": "UNKNOWN_TOPIC" },
    });
  });

  it("runs a handler within the trace of the message, as its child", async () => {
    const spans = startOpenTelemetry();
    const { live } = tracing();
    const sent = live.sendStarted("orders", [{ value: "a" }]).messages[0];
    const headers = Object.fromEntries(
      Object.entries(sent?.headers ?? {}).map(([name, value]) => [name, Buffer.from(value as string)]),
    );
    const active = await live.process(received(headers), async () => {
      await Promise.resolve();
      return otel.trace.getActiveSpan();
    });
    const [producer, consumer] = spans as [RecordedSpan, RecordedSpan];
    expect(active).toBe(consumer);
    expect(consumer.parent).toMatchObject({ ...producer.context, traceState: expect.anything(), isRemote: true });
    expect(consumer.parent?.traceState?.get("vendor")).toBe("1");
    expect(consumer).toMatchObject({ name: "process orders", kind: otel.SpanKind.CONSUMER, endCount: 1 });
    expect(consumer.attributes).toMatchObject({
      "messaging.destination.partition.id": "2",
      "messaging.sluice.message.offset": 7,
      "messaging.sluice.message.tombstone": true,
      "messaging.consumer.group.name": "billing",
    });
  });

  it("ends the span of a handler that throws, and throws the same", async () => {
    const spans = startOpenTelemetry();
    const { live } = tracing();
    const thrown = new RangeError("too far");
    await expect(live.process(received(), () => Promise.reject(thrown))).rejects.toBe(thrown);
    expect(spans[0]).toMatchObject({ endCount: 1, exceptions: [thrown], attributes: { "error.type": "RangeError" } });
  });

  it("leaves the headers to the propagator that the program registered", async () => {
    const spans = startOpenTelemetry();
    otel.propagation.setGlobalPropagator({
      inject: (context, carrier, setter) =>
        setter.set(carrier, "b3", otel.trace.getSpanContext(context)?.spanId ?? "none"),
      extract: (context, carrier, getter) => {
        const spanId = String(getter.get(carrier, "b3"));
        return otel.trace.setSpanContext(context, { traceId: "c".repeat(32), spanId, traceFlags: 1 });
      },
      fields: () => ["b3"],
    });
    const { live } = tracing();
    const sent = live.sendStarted("orders", [{ value: "a" }]).messages[0];
    expect(sent?.headers).toEqual({ b3: spans[0]?.context.spanId });
    await live.process(received(sent?.headers), async () => undefined);
    expect(spans[1]?.parent).toMatchObject({ traceId: "c".repeat(32), spanId: spans[0]?.context.spanId });
  });

  it("begins a trace of its own for a message whose header is broken", async () => {
    const spans = startOpenTelemetry();
    const { live } = tracing();
    await live.process(received({ traceparent: Buffer.from("00-nonsense") }), async () => undefined);
    expect(spans[0]?.parent).toBeUndefined();
  });

  it("carries a trace through the records of a topic, from a send to the handler", async () => {
    const spans = startOpenTelemetry();
    const cluster = new FakeCluster({ brokers: 1 });
    cluster.createTopic("orders", 1);
    await using client = testClient(cluster, { clientId: "shop" });
    await client.producer().send({ topic: "orders", messages: [{ value: "a", headers: { kept: "1" } }] });
    const consumer = client.consumer();
    await consumer.assign([{ topic: "orders", partition: 0, offset: 0 }]);
    let within: otel.Span | undefined;
    const { finished } = await consumer.run({
      eachMessage: ({ message }) => {
        within = otel.trace.getActiveSpan();
        expect(Object.keys(message.headers)).toEqual(["kept", "traceparent", "tracestate"]);
        void consumer.close();
      },
    });
    await finished;
    const [producer, handler] = spans as [RecordedSpan, RecordedSpan];
    expect(spans).toHaveLength(2);
    expect(within).toBe(handler);
    expect(handler.parent).toMatchObject({ traceId: producer.context.traceId, spanId: producer.context.spanId });
    expect([producer.endCount, handler.endCount]).toEqual([1, 1]);
  });

  it("goes on without spans, and says so once, where the package is not installed beside the client", async () => {
    startOpenTelemetry();
    const absent = new Error("Cannot find module");
    const { live, missing } = tracing(() => {
      throw absent;
    });
    const messages = [{ value: "a" }];
    expect(live.sendStarted("orders", messages).messages).toBe(messages);
    expect(live.isOn).toBe(false);
    expect(await live.process(received(), async () => 1)).toBe(1);
    expect(missing).toEqual([absent]);
  });
});

describe("with subscribers of diagnostics channels", () => {
  function listen(name: string): { readonly seen: [string, object][]; stop(): void } {
    const seen: [string, object][] = [];
    const note = (event: string) => (context: object) => void seen.push([event, { ...context }]);
    const subscribers = {
      start: note("start"),
      end: note("end"),
      asyncStart: note("asyncStart"),
      asyncEnd: note("asyncEnd"),
      error: note("error"),
    };
    tracingChannel(name).subscribe(subscribers);
    return { seen, stop: () => tracingChannel(name).unsubscribe(subscribers) };
  }

  it("tells the beginning and the end of a send, and its error", () => {
    const { live } = tracing();
    const { seen, stop } = listen("sluice:producer:send");
    expect(live.isOn).toBe(true);
    const messages = [{ value: "a" }];
    live.sendStarted("orders", messages).settled();
    const told = { clientId: "shop", topic: "orders", messages };
    expect(seen).toEqual(["start", "end", "asyncStart", "asyncEnd"].map((event) => [event, told]));
    seen.length = 0;
    live.sendStarted("orders", messages).settled(failure);
    expect(seen.map(([event]) => event)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
    expect(seen[2]?.[1]).toEqual({ ...told, error: failure });
    stop();
    expect(live.isOn).toBe(false);
  });

  it("tells the call of a handler and what came of it", async () => {
    const { live } = tracing();
    const { seen, stop } = listen("sluice:consumer:process");
    const given = received();
    expect(await live.process(given, async () => 7)).toBe(7);
    expect(seen.map(([event]) => event)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    expect(seen.at(-1)?.[1]).toEqual({ clientId: "shop", ...given, result: 7 });
    seen.length = 0;
    await expect(live.process(given, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(seen.find(([event]) => event === "error")?.[1]).toMatchObject({ error: failure });
    stop();
  });
});

describe("traceparent", () => {
  const parent = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };

  it("is written and read as W3C has it", () => {
    const text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    expect(formatTraceParent(parent)).toBe(text);
    expect(parseTraceParent(text)).toEqual(parent);
    expect(parseTraceParent(`01${text.slice(2)}-more`)).toEqual(parent);
  });

  it.each([
    "",
    "00",
    `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
    `00-0af7651916cd43dd8448eb211c80319c-${"0".repeat(16)}-01`,
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
  ])("is not there where it is not valid: %s", (text) => expect(parseTraceParent(text)).toBeUndefined());
});
