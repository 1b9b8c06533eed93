/** The transport between a real listener and real connections on 127.0.0.1. */

import { createHook } from "node:async_hooks";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import {
  type CallContext,
  isSluiceError,
  type MessageStream,
  type ServedMethod,
  SluiceError,
  type StreamListener,
  serveStream,
  serveUnary,
  type TransportConnection,
  type TransportServer,
} from "@sluice/model";
import { afterEach, describe, expect, it } from "vitest";
import { GrpcTransport } from "./grpc-transport.js";
import type { FetchRequest } from "./raw-messages/fetch-request.js";
import type { FetchResponse } from "./raw-messages/fetch-response.js";
import type { ProduceRequest } from "./raw-messages/produce-request.js";
import type { ProduceResponse } from "./raw-messages/produce-response.js";
import { clusterService, healthService, logService } from "./service-definitions.js";
import type { DescribeTopicResponse } from "./wire-messages.js";

const transport = new GrpcTransport();
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(...methods: ServedMethod[]): Promise<TransportServer> {
  const server = await transport.listen({ host: "127.0.0.1", port: 0 }, methods);
  cleanups.push(() => server.close(0));
  return server;
}

function connect(port: number, from = transport): TransportConnection {
  const connection = from.connect({ host: "127.0.0.1", port });
  cleanups.push(() => connection.close());
  return connection;
}

function produceRequest(correlationId: number, records = Buffer.from("records")): ProduceRequest {
  return { correlationId, topic: "t", partition: 0, acks: "all", leaderEpoch: undefined, records };
}

function produceResponse(correlationId: number): ProduceResponse {
  return {
    correlationId,
    baseOffset: 0,
    leaderEpoch: 0,
    replicas: 1,
    replicasFlushed: 1,
    logStartOffset: 0,
    error: undefined,
    duplicate: false,
    logAppendTimeMs: 0,
  };
}

const echoProduce = serveStream(logService.produce, (stream) => ({
  onMessage: (request) => void stream.send(produceResponse(request.correlationId)),
  onEnd: () => stream.end(),
  onError: () => {},
}));

/** A listener that keeps what it hears. */
class Heard<Message> implements StreamListener<Message> {
  readonly messages: Message[] = [];
  readonly over: Promise<SluiceError | undefined>;
  readonly ends: (SluiceError | undefined)[] = [];
  drains = 0;
  #resolve: (error: SluiceError | undefined) => void = () => {};
  #waiters: (() => void)[] = [];

  constructor() {
    this.over = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onMessage(message: Message): void {
    this.messages.push(message);
    this.#wake();
  }

  onEnd(): void {
    this.ends.push(undefined);
    this.#resolve(undefined);
    this.#wake();
  }

  onError(error: SluiceError): void {
    this.ends.push(error);
    this.#resolve(error);
    this.#wake();
  }

  onDrain(): void {
    this.drains++;
    this.#wake();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}

function deferred<Value>() {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

async function errorOf(promise: Promise<unknown>): Promise<SluiceError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isSluiceError(error)) throw new Error(`no SluiceError: ${String(error)}`);
  return error;
}

const emptyTopic: DescribeTopicResponse = { topic: null, configs: [] };

describe("unary calls", () => {
  it("carry a request and its answer, and tell the handler who calls", async () => {
    let seen: CallContext | undefined;
    const server = await serve(
      serveUnary(clusterService.describeTopic, async (request, context) => {
        seen = context;
        return { topic: null, configs: [{ key: "name", value: request.name, isDefault: true }] };
      }),
    );
    const answer = await connect(server.port).call(clusterService.describeTopic, { name: "blå" });
    expect(answer).toEqual({ topic: null, configs: [{ key: "name", value: "blå", isDefault: true }] });
    expect(seen?.authority).toBe(`127.0.0.1:${server.port}`);
    expect(seen?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(seen?.signal.aborted).toBe(false);
  });

  it("carry an error of the catalogue whole, with its details", async () => {
    const thrown = new SluiceError("UNKNOWN_TOPIC", { topic: "ö\n€", nearest: "" } as never);
    const server = await serve(
      serveUnary(clusterService.describeTopic, async () => {
        throw thrown;
      }),
    );
    const error = await errorOf(connect(server.port).call(clusterService.describeTopic, { name: "x" }));
    expect(error.code).toBe("UNKNOWN_TOPIC");
    expect(error.message).toBe(thrown.message);
    expect(error.hint).toBe(thrown.hint);
    expect(error.details).toEqual(thrown.details);
  });

  it("make INTERNAL of anything else that a handler throws", async () => {
    const server = await serve(
      serveUnary(clusterService.describeTopic, async () => {
        throw new TypeError("a defect");
      }),
    );
    const error = await errorOf(connect(server.port).call(clusterService.describeTopic, { name: "x" }));
    expect(error.code).toBe("INTERNAL");
    expect(error.message).toContain("a defect");
  });

  it("clip errors that quote more than a header can hold", async () => {
    const server = await serve(
      serveUnary(clusterService.describeTopic, async ({ name }) => {
        throw new SluiceError("INVALID_TOPIC_NAME", { topic: name });
      }),
    );
    const name = "€".repeat(1_000_000);
    const error = await errorOf(connect(server.port).call(clusterService.describeTopic, { name }));
    expect(error.code).toBe("INVALID_TOPIC_NAME");
  });

  it("end at their deadline, at both sides", async () => {
    let serverSignal: AbortSignal | undefined;
    const server = await serve(
      serveUnary(clusterService.describeTopic, (_, context) => {
        serverSignal = context.signal;
        return new Promise<never>((_resolve, reject) => {
          context.signal.addEventListener("abort", () => reject(context.signal.reason as Error));
        });
      }),
    );
    const connection = connect(server.port);
    const error = await errorOf(connection.call(clusterService.describeTopic, { name: "x" }, { timeoutMs: 100 }));
    expect(error.code).toBe("REQUEST_TIMED_OUT");
    expect(error.details.timeoutMs).toBe(100);
    if (serverSignal?.aborted !== true) await once(serverSignal as AbortSignal, "abort");
  });

  it("end at once when they are cancelled, at both sides", async () => {
    const started = deferred<AbortSignal>();
    const server = await serve(
      serveUnary(clusterService.describeTopic, (_, context) => {
        started.resolve(context.signal);
        return new Promise<never>(() => {});
      }),
    );
    const controller = new AbortController();
    const connection = connect(server.port);
    const failed = errorOf(connection.call(clusterService.describeTopic, { name: "x" }, { signal: controller.signal }));
    const serverSignal = await started.promise;
    controller.abort();
    expect((await failed).code).toBe("CANCELLED");
    if (!serverSignal.aborted) await once(serverSignal, "abort");
    const late = errorOf(connection.call(clusterService.describeTopic, { name: "x" }, { signal: controller.signal }));
    expect((await late).code).toBe("CANCELLED");
  });

  it("answer UNSUPPORTED where the broker has no such method", async () => {
    const server = await serve(echoProduce);
    const error = await errorOf(connect(server.port).call(clusterService.describeTopic, { name: "x" }));
    expect(error.code).toBe("UNSUPPORTED");
  });

  it("refuse a request that its message cannot hold, before anything is sent", async () => {
    const server = await serve(serveUnary(clusterService.createTopic, async () => ({ topic: null })));
    const request = { name: "t", partitions: 2 ** 31, replicationFactor: 1, configs: [], validateOnly: false };
    const error = await errorOf(connect(server.port).call(clusterService.createTopic, request));
    expect(error.code).toBe("INVALID_REQUEST");
  });
});

describe("streams", () => {
  it("carry messages both ways, in order, and end well", async () => {
    const server = await serve(echoProduce);
    const heard = new Heard<ProduceResponse>();
    const stream = connect(server.port).open(logService.produce, heard);
    for (let i = 1; i <= 1000; i++) stream.send(produceRequest(i));
    stream.end();
    expect(await heard.over).toBeUndefined();
    expect(heard.messages.map(({ correlationId }) => correlationId)).toEqual(
      Array.from({ length: 1000 }, (_, i) => i + 1),
    );
    expect(stream.send(produceRequest(1))).toBe(false);
    expect(heard.ends).toEqual([undefined]);
  });

  it("carry 64 MiB of records in one message, and refuse what is over the limit with a typed error", async () => {
    const server = await serve(
      serveStream(logService.produce, (stream) => ({
        onMessage: ({ records }) => void stream.send(produceResponse(records.length)),
        onEnd: () => stream.end(),
        onError: () => {},
      })),
    );
    const connection = connect(server.port);
    const heard = new Heard<ProduceResponse>();
    const stream = connection.open(logService.produce, heard);
    stream.send(produceRequest(1, Buffer.alloc(64 * 1024 * 1024)));
    await heard.until(() => heard.messages.length === 1);
    expect(heard.messages[0]?.correlationId).toBe(64 * 1024 * 1024);
    stream.send(produceRequest(2, Buffer.alloc(66 * 1024 * 1024)));
    expect((await heard.over)?.code).toBe("INVALID_REQUEST");

    const modest = connect(server.port, new GrpcTransport({ messageBytesMax: 2 ** 30 }));
    const heardModest = new Heard<ProduceResponse>();
    modest.open(logService.produce, heardModest).send(produceRequest(1, Buffer.alloc(66 * 1024 * 1024)));
    expect((await heardModest.over)?.code).toBe("INVALID_REQUEST");
  });

  it("end with the error with which the server aborts them, after what it sent before", async () => {
    const server = await serve(
      serveStream(logService.produce, (stream) => ({
        onMessage: (request) => {
          stream.send(produceResponse(request.correlationId));
          stream.abort(new SluiceError("BROKER_STOPPING", { broker: 3 }));
        },
        onEnd: () => {},
        onError: () => {},
      })),
    );
    const heard = new Heard<ProduceResponse>();
    connect(server.port).open(logService.produce, heard).send(produceRequest(7));
    const error = await heard.over;
    expect(error?.code).toBe("BROKER_STOPPING");
    expect(error?.message).toContain("3");
    expect(heard.messages.map(({ correlationId }) => correlationId)).toEqual([7]);
  });

  it("tell the server's listener when the client aborts", async () => {
    const atServer = new Heard<ProduceRequest>();
    let context: CallContext | undefined;
    let serverStream: MessageStream<ProduceResponse> | undefined;
    const server = await serve(
      serveStream(logService.produce, (stream, callContext) => {
        context = callContext;
        serverStream = stream;
        return atServer;
      }),
    );
    const heard = new Heard<ProduceResponse>();
    const stream = connect(server.port).open(logService.produce, heard);
    stream.send(produceRequest(1));
    await atServer.until(() => atServer.messages.length === 1);
    stream.abort(new SluiceError("CLOSED", { subject: "the test" }));
    expect((await heard.over)?.code).toBe("CLOSED");
    expect((await atServer.over)?.code).toBe("CANCELLED");
    expect(context?.signal.aborted).toBe(true);
    expect(serverStream?.send(produceResponse(1))).toBe(false);
    expect(heard.ends.length).toBe(1);
    expect(atServer.ends.length).toBe(1);
  });

  it("end with INVALID_REQUEST on bytes that are no message, and the server lives on", async () => {
    const server = await serve(
      echoProduce,
      serveUnary(clusterService.describeTopic, async () => emptyTopic),
    );
    const connection = connect(server.port);
    const broken = Buffer.from([0x08, 0xff]);
    const raw = { encode: (bytes: Buffer) => bytes, decode: (bytes: Buffer) => bytes };
    const heard = new Heard<Buffer>();
    connection.open({ ...logService.produce, request: raw, response: raw }, heard).send(broken);
    expect((await heard.over)?.code).toBe("INVALID_REQUEST");
    const failed = errorOf(connection.call({ ...clusterService.describeTopic, request: raw, response: raw }, broken));
    expect((await failed).code).toBe("INVALID_REQUEST");
    expect(await connection.call(clusterService.describeTopic, { name: "x" })).toEqual(emptyTopic);
  });

  it("end with the error that a listener or a handler throws", async () => {
    const throwing = serveStream(logService.produce, () => ({
      onMessage: () => {
        throw new SluiceError("INVALID_REQUEST", { reason: "of the test" });
      },
      onEnd: () => {},
      onError: () => {},
    }));
    const refusing = serveStream(logService.fetch, () => {
      throw new SluiceError("BROKER_STOPPING", { broker: 1 });
    });
    const server = await serve(throwing, refusing);
    const connection = connect(server.port);
    const heardProduce = new Heard<ProduceResponse>();
    connection.open(logService.produce, heardProduce).send(produceRequest(1));
    expect((await heardProduce.over)?.code).toBe("INVALID_REQUEST");
    const heardFetch = new Heard<FetchResponse>();
    connection.open(logService.fetch, heardFetch);
    expect((await heardFetch.over)?.code).toBe("BROKER_STOPPING");
  });

  it("break with an error when the server goes away", async () => {
    const server = await serve(echoProduce);
    const heard = new Heard<ProduceResponse>();
    const stream = connect(server.port).open(logService.produce, heard);
    stream.send(produceRequest(1));
    await heard.until(() => heard.messages.length === 1);
    await server.close(0);
    const error = await heard.over;
    expect(error?.retriable).toBe(true);
    expect(stream.send(produceRequest(2))).toBe(false);
  });
});

describe("backpressure", () => {
  const size = 1024 * 1024;

  it("stops a client whose server has paused, and lets it go on", async () => {
    const atServer = new Heard<ProduceRequest>();
    const opened = deferred<MessageStream<ProduceResponse>>();
    const server = await serve(
      serveStream(logService.produce, (stream) => {
        stream.pause();
        opened.resolve(stream);
        return atServer;
      }),
    );
    const heard = new Heard<ProduceResponse>();
    const stream = connect(server.port).open(logService.produce, heard);
    let sent = 0;
    while (stream.send(produceRequest(++sent, Buffer.alloc(size)))) expect(sent).toBeLessThan(100);
    const serverStream = await opened.promise;
    expect(atServer.messages.length).toBe(0);
    expect(heard.drains).toBe(0);
    serverStream.resume();
    await heard.until(() => heard.drains === 1);
    await atServer.until(() => atServer.messages.length === sent);
    expect(stream.send(produceRequest(0))).toBe(true);
  });

  it("stops a server whose client has paused, and lets it go on", async () => {
    const atServer = new Heard<FetchRequest>();
    const opened = deferred<MessageStream<FetchResponse>>();
    const server = await serve(
      serveStream(logService.fetch, (stream) => {
        opened.resolve(stream);
        return atServer;
      }),
    );
    const heard = new Heard<FetchResponse>();
    const connection = connect(server.port);
    const stream = connection.open(logService.fetch, heard);
    stream.pause();
    const serverStream = await opened.promise;
    const records = Buffer.alloc(size);
    const response = {
      correlationId: 0,
      highWatermark: 0,
      logStartOffset: 0,
      leaderEpoch: 0,
      error: undefined,
      diverging: undefined,
      records,
    };
    let sent = 0;
    let drains = 0;
    // Each drain lets the server fill what is free. It must come to a stop: the client reads nothing. What can drain has done
    // so when calls on the same connection have come and gone.
    do {
      drains = atServer.drains;
      do expect(++sent).toBeLessThan(200);
      while (serverStream.send(response));
      for (let call = 0; call < 50; call++) await connection.call(healthService.check, { service: "" });
    } while (atServer.drains > drains);
    expect(heard.messages.length).toBeLessThanOrEqual(1);
    stream.resume();
    await heard.until(() => heard.messages.length === sent);
  });
});

describe("listening and closing", () => {
  it("says ADDRESS_IN_USE where the port is taken, by a listener or by any program", async () => {
    const server = await serve(echoProduce);
    const first = await errorOf(transport.listen({ host: "127.0.0.1", port: server.port }, [echoProduce]));
    expect(first.code).toBe("ADDRESS_IN_USE");
    expect(first.message).toContain(`127.0.0.1:${server.port}`);
  });

  it("says INVALID_OPTION where the host is none of this machine", async () => {
    const error = await errorOf(transport.listen({ host: "192.0.2.1", port: 0 }, [echoProduce]));
    expect(error.code).toBe("INVALID_OPTION");
  });

  it("lets calls under way finish within the grace, and frees the port", async () => {
    const started = deferred<void>();
    const finish = deferred<void>();
    const server = await serve(
      serveUnary(clusterService.describeTopic, async () => {
        started.resolve();
        await finish.promise;
        return emptyTopic;
      }),
    );
    const answer = connect(server.port).call(clusterService.describeTopic, { name: "x" });
    await started.promise;
    const closed = server.close(60_000);
    finish.resolve();
    expect(await answer).toEqual(emptyTopic);
    await closed;
    const again = await transport.listen({ host: "127.0.0.1", port: server.port }, [echoProduce]);
    await again.close(0);
  });

  it("cuts what is still open after the grace", async () => {
    const server = await serve(echoProduce);
    const heard = new Heard<ProduceResponse>();
    connect(server.port).open(logService.produce, heard).send(produceRequest(1));
    await heard.until(() => heard.messages.length === 1);
    await server.close(50);
    expect((await heard.over)?.retriable).toBe(true);
  });

  it("connects again when the broker is back", async () => {
    const server = await serve(serveUnary(clusterService.describeTopic, async () => emptyTopic));
    const connection = connect(server.port);
    await connection.call(clusterService.describeTopic, { name: "x" });
    await server.close(0);
    const error = await errorOf(connection.call(clusterService.describeTopic, { name: "x" }));
    expect(error.code).toBe("BROKER_UNREACHABLE");
    const again = await transport.listen({ host: "127.0.0.1", port: server.port }, [
      serveUnary(clusterService.describeTopic, async () => emptyTopic),
    ]);
    cleanups.push(() => again.close(0));
    let answer: unknown;
    while (answer === undefined) {
      answer = await connection.call(clusterService.describeTopic, { name: "x" }).catch(() => undefined);
    }
    expect(answer).toEqual(emptyTopic);
  });

  it("breaks every call of a connection that is closed, with CLOSED, and takes no new ones", async () => {
    const server = await serve(
      echoProduce,
      serveUnary(clusterService.describeTopic, () => new Promise<never>(() => {})),
    );
    const connection = connect(server.port);
    const heard = new Heard<ProduceResponse>();
    connection.open(logService.produce, heard);
    const call = errorOf(connection.call(clusterService.describeTopic, { name: "x" }));
    connection.close();
    expect((await heard.over)?.code).toBe("CLOSED");
    expect((await call).code).toBe("CLOSED");
    const late = new Heard<ProduceResponse>();
    connection.open(logService.produce, late);
    expect((await late.over)?.code).toBe("CLOSED");
    expect((await errorOf(connection.call(clusterService.describeTopic, { name: "x" }))).code).toBe("CLOSED");
  });

  it("leaves no timer and no socket after both sides have closed", async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
    await expect.poll(sockets).toBe(0);
    // Timers of ours and of grpc-js, also those that keep no process alive.
    const timers = new Map<number, string>();
    const hook = createHook({
      init(id, type) {
        const stack = new Error().stack?.replaceAll("grpc-transport.test.ts", "") ?? "";
        if (type === "Timeout" && /@grpc|protocol.src.*\.ts/.test(stack)) timers.set(id, stack);
      },
      destroy: (id) => void timers.delete(id),
    }).enable();
    cleanups.push(() => hook.disable());

    const server = await transport.listen({ host: "127.0.0.1", port: 0 }, [
      echoProduce,
      serveUnary(clusterService.describeTopic, async () => emptyTopic),
    ]);
    const connection = transport.connect({ host: "127.0.0.1", port: server.port });
    const heard = new Heard<ProduceResponse>();
    connection.open(logService.produce, heard).send(produceRequest(1));
    await connection.call(clusterService.describeTopic, { name: "x" }, { timeoutMs: 60_000 });
    await heard.until(() => heard.messages.length === 1);
    expect(sockets()).toBe(3);
    expect(timers.size).toBeGreaterThan(0);
    const unreachable = transport.connect({ host: "127.0.0.1", port: 1 });
    await errorOf(unreachable.call(clusterService.describeTopic, { name: "x" }));
    unreachable.close();
    connection.close();
    await server.close(60_000);
    await expect.poll(sockets).toBe(0);
    await expect.poll(() => [...timers.values()]).toEqual([]);
  });
});

describe("dialling something else", () => {
  async function port(server: net.Server): Promise<number> {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const sockets = new Set<net.Socket>();
    server.on("connection", (socket) => sockets.add(socket));
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  async function errorsOf(connection: TransportConnection): Promise<string[]> {
    const heard = new Heard<ProduceResponse>();
    connection.open(logService.produce, heard);
    const call = await errorOf(connection.call(clusterService.describeTopic, { name: "x" }));
    return [call.code, (await heard.over)?.code ?? "none"];
  }

  it("says WRONG_PORT at an HTTP server, without waiting for the connect timeout", async () => {
    const httpPort = await port(http.createServer((_, response) => response.end("ok")));
    const patient = new GrpcTransport({ connectTimeoutMs: 600_000 });
    expect(await errorsOf(connect(httpPort, patient))).toEqual(["WRONG_PORT", "WRONG_PORT"]);
  });

  it("says WRONG_PORT at a program that speaks another protocol", async () => {
    const other = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => socket.end("SSH-2.0-OpenSSH\r\n"));
    });
    expect(await errorsOf(connect(await port(other)))).toEqual(["WRONG_PORT", "WRONG_PORT"]);
  });

  it("says BROKER_UNREACHABLE where nothing listens", async () => {
    const server = await serve(echoProduce);
    await server.close(0);
    const error = await errorOf(connect(server.port).call(clusterService.describeTopic, { name: "x" }));
    expect(error.code).toBe("BROKER_UNREACHABLE");
    expect(error.message).toContain(`127.0.0.1:${server.port}: connect ECONNREFUSED`);
  });

  it("says BROKER_UNREACHABLE where something accepts and is silent, after the connect timeout", async () => {
    const silentPort = await port(net.createServer());
    const impatient = new GrpcTransport({ connectTimeoutMs: 100 });
    expect(await errorsOf(connect(silentPort, impatient))).toEqual(["BROKER_UNREACHABLE", "BROKER_UNREACHABLE"]);
  });
});
