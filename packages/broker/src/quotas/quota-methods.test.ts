/** Quotas on a virtual clock: how much gets through, who waits, and who does not. */

import {
  type CallContext,
  type ServedMethod,
  SluiceError,
  serveStream,
  serveUnary,
  type UnaryHandler,
} from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import {
  clusterService,
  type FetchRequest,
  type FetchResponse,
  logService,
  type ProduceRequest,
} from "@sluice/protocol";
import { describe, expect, it } from "vitest";
import { RecordingStream } from "../testing/recording-stream.js";
import { brokerClientIdOf, ClientQuotas, type QuotaRates } from "./client-quotas.js";
import { withQuotas } from "./quota-methods.js";

const kibibyte = 1024;

function quotasOf(rates: Partial<QuotaRates>) {
  const clock = new VirtualClock();
  return { clock, quotas: new ClientQuotas({ produce: 0, fetch: 0, request: 0, ...rates }, clock) };
}

/** A Produce stream of a client that always has something more to send, with a quota around it. */
class EagerProducer {
  readonly stream: RecordingStream<ProduceRequest, unknown>;
  receivedBytes = 0;

  constructor(quotas: ClientQuotas, clientId = "eager") {
    const served = serveStream(logService.produce, () => ({
      onMessage: ({ records }) => {
        this.receivedBytes += records.length;
      },
      onEnd: () => {},
      onError: () => {},
    }));
    this.stream = new RecordingStream(limited(served, quotas), { clientId });
  }

  /** Sends as long as it is read. */
  push(batchBytes: number): void {
    for (let count = 0; !this.stream.isPaused && count < 1000; count += 1) {
      const records = Buffer.alloc(batchBytes);
      this.stream.receive({ correlationId: 0, topic: "t", partition: 0, acks: "all", leaderEpoch: undefined, records });
    }
  }
}

function limited(served: ServedMethod, quotas: ClientQuotas): ServedMethod {
  return withQuotas([served], quotas)[0] as ServedMethod;
}

/** Runs 10 s in steps of 10 ms. */
function tenSeconds(clock: VirtualClock, step: () => void): void {
  for (let ms = 0; ms < 10_000; ms += 10) {
    step();
    clock.advance(10);
  }
}

describe("a produce quota", () => {
  it("is kept within 10 % over 10 s, by all streams of a client together", () => {
    const rate = 1024 * kibibyte;
    const { clock, quotas } = quotasOf({ produce: rate });
    const producers = [1, 2, 3].map(() => new EagerProducer(quotas));
    tenSeconds(clock, () => {
      for (const producer of producers) producer.push(16 * kibibyte);
    });
    const bytes = producers.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
    expect(bytes / (10 * rate)).toBeGreaterThan(0.9);
    expect(bytes / (10 * rate)).toBeLessThan(1.1);
    expect(quotas.throttledMs.produce).toBeGreaterThan(5000);
    expect(quotas.throttledMs.fetch + quotas.throttledMs.request).toBe(0);
  });

  it("slows nobody else down", () => {
    const { clock, quotas } = quotasOf({ produce: 100 * kibibyte });
    const eager = new EagerProducer(quotas);
    const modest = new EagerProducer(quotas, "modest");
    tenSeconds(clock, () => {
      eager.push(kibibyte);
      modest.stream.receive({ ...emptyRequest, records: Buffer.alloc(500) });
      expect(modest.stream.isPaused).toBe(false);
    });
    expect(modest.receivedBytes).toBe(1000 * 500);
    expect(eager.receivedBytes).toBeLessThan(1100 * kibibyte);
  });

  it("does not count brokers, and leaves no timer behind when the client goes away", () => {
    const { clock, quotas } = quotasOf({ produce: kibibyte });
    const broker = new EagerProducer(quotas, brokerClientIdOf(3));
    broker.push(kibibyte);
    expect(broker.stream.isPaused).toBe(false);
    const eager = new EagerProducer(quotas);
    eager.push(kibibyte);
    expect(clock.timerCount).toBe(1);
    eager.stream.disconnect(new SluiceError("CANCELLED", { operation: "Produce" }));
    expect(clock.timerCount).toBe(0);
  });

  it("reads a stream that its handler paused only when both let it", () => {
    const { clock, quotas } = quotasOf({ produce: kibibyte });
    let handlerStream: { pause(): void; resume(): void } | undefined;
    const served = serveStream(logService.produce, (stream) => {
      handlerStream = stream;
      return { onMessage: () => {}, onEnd: () => {}, onError: () => {} };
    });
    const stream = new RecordingStream<ProduceRequest, unknown>(limited(served, quotas), { clientId: "c" });
    stream.receive({ ...emptyRequest, records: Buffer.alloc(kibibyte) });
    handlerStream?.pause();
    handlerStream?.resume();
    expect(stream.isPaused).toBe(true);
    handlerStream?.pause();
    clock.advance(2000);
    expect(stream.isPaused).toBe(true);
    handlerStream?.resume();
    expect(stream.isPaused).toBe(false);
  });
});

describe("a fetch quota", () => {
  /** A Fetch stream whose handler answers as long as the stream takes answers. */
  function openFetcher(quotas: ClientQuotas, answerBytes: number) {
    let send = (_: FetchResponse): boolean => false;
    const fill = (): void => {
      while (send({ ...emptyResponse, records: Buffer.alloc(answerBytes) }));
    };
    const served = serveStream(logService.fetch, (stream) => {
      send = (response) => stream.send(response);
      return { onMessage: fill, onDrain: fill, onEnd: () => stream.end(), onError: () => {} };
    });
    return new RecordingStream<FetchRequest, FetchResponse>(limited(served, quotas), { clientId: "reader" });
  }

  it("is kept within 10 % over 10 s, and no answer is lost", () => {
    const rate = 1024 * kibibyte;
    const { clock, quotas } = quotasOf({ fetch: rate });
    const stream = openFetcher(quotas, 64 * kibibyte);
    stream.receive(fetchRequest);
    tenSeconds(clock, () => {});
    const bytes = stream.sent.reduce((sum, { records }) => sum + records.length, 0);
    expect(bytes / (10 * rate)).toBeGreaterThan(0.9);
    expect(bytes / (10 * rate)).toBeLessThan(1.1);
    expect(quotas.throttledMs.fetch).toBeGreaterThan(5000);
    expect(stream.hasEnded).toBe(false);
    stream.finish();
    clock.advance(1000);
    expect(stream.hasEnded).toBe(true);
  });

  it("is lifted for a stop: what waits goes out at once", () => {
    const { clock, quotas } = quotasOf({ fetch: 10 });
    const stream = openFetcher(quotas, 1000);
    stream.receive(fetchRequest);
    stream.finish();
    const before = stream.sent.length;
    expect(stream.hasEnded).toBe(false);
    quotas.lift();
    expect(stream.sent.length).toBe(before + 1);
    expect(stream.hasEnded).toBe(true);
    expect(clock.timerCount).toBe(0);
  });
});

describe("a request quota", () => {
  const context = (signal = new AbortController().signal): CallContext => {
    return { signal, authority: "", peer: "10.0.0.1:5000", clientId: "" };
  };

  function countingCall(quotas: ClientQuotas) {
    const calls: number[] = [];
    const served = serveUnary(clusterService.describeTopic, async () => {
      calls.push(1);
      return { topic: null, configs: [] };
    });
    return { calls, handler: limited(served, quotas).handler as UnaryHandler<unknown, unknown> };
  }

  it("is kept within 10 % over 10 s by calls that wait in turn", async () => {
    const { clock, quotas } = quotasOf({ request: 50 });
    const { calls, handler } = countingCall(quotas);
    const answers = Array.from({ length: 1000 }, () => handler({}, context()));
    tenSeconds(clock, () => {});
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls.length).toBeGreaterThan(450);
    expect(calls.length).toBeLessThan(550);
    clock.advance(30_000);
    await Promise.all(answers);
    expect(quotas.throttledMs.request).toBeGreaterThan(0);
  });

  it("takes nothing from a client that gives up while it waits", async () => {
    const { clock, quotas } = quotasOf({ request: 1 });
    const { calls, handler } = countingCall(quotas);
    await handler({}, context());
    const abort = new AbortController();
    const givenUp = Array.from({ length: 8 }, () => handler({}, context(abort.signal)));
    abort.abort(new SluiceError("CANCELLED", { operation: "the call" }));
    for (const each of givenUp) await expect(each).rejects.toMatchObject({ code: "CANCELLED" });
    const next = handler({}, context());
    clock.advance(1000);
    await next;
    expect(calls.length).toBe(2);
    expect(clock.timerCount).toBe(0);
  });
});

it("remembers a bounded number of clients, and changes nothing where no quota is set", () => {
  const { quotas } = quotasOf({ request: 1 });
  for (let client = 0; client < 10_100; client += 1) quotas.of({ clientId: `c${client}`, peer: "" });
  expect(quotas.clientCount).toBe(10_000);
  expect(quotas.of({ clientId: "", peer: "10.0.0.1:1" })).toBe(quotas.of({ clientId: "", peer: "10.0.0.1:2" }));
  expect(quotas.of({ clientId: "a", peer: "10.0.0.1:1" })).not.toBe(quotas.of({ clientId: "b", peer: "10.0.0.1:1" }));
  const methods: ServedMethod[] = [];
  expect(withQuotas(methods, quotasOf({}).quotas)).toBe(methods);
});

const emptyRequest: ProduceRequest = {
  correlationId: 0,
  topic: "t",
  partition: 0,
  acks: "all",
  leaderEpoch: undefined,
  records: Buffer.alloc(0),
};
const fetchRequest: FetchRequest = {
  correlationId: 0,
  topic: "t",
  partition: 0,
  fetchOffset: 0,
  leaderEpoch: undefined,
  maxBytes: 0,
  maxWaitMs: 0,
  minBytes: 0,
};
const emptyResponse: FetchResponse = {
  correlationId: 0,
  highWatermark: 0,
  logStartOffset: 0,
  leaderEpoch: 0,
  error: undefined,
  diverging: undefined,
  records: Buffer.alloc(0),
};
