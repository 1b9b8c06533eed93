import {
  type MessageStream,
  SluiceError,
  type StreamMethod,
  serveStream,
  serveUnary,
  type UnaryMethod,
} from "@sluice/model";
import { describe, expect, it } from "vitest";
import { Chance } from "../kernel/chance.js";
import { eventLoopTurn } from "../kernel/event-loop-turn.js";
import { Scheduler } from "../kernel/scheduler.js";
import { SimulatedProcess } from "../kernel/simulated-process.js";
import { SimulatedNetwork } from "./simulated-network.js";

const text = { encode: (message: string) => Buffer.from(message), decode: (bytes: Buffer) => bytes.toString() };
const echo: UnaryMethod<string, string> = { kind: "unary", path: "/test/Echo", request: text, response: text };
const chat: StreamMethod<string, string> = {
  kind: "stream",
  path: "/test/Chat",
  clientStreams: true,
  request: text,
  response: text,
};
const address = { host: "server", port: 1 };

async function setUp() {
  const scheduler = new Scheduler(new Chance(1, "scheduler"));
  const network = new SimulatedNetwork(
    { latency: { msMin: 1, msMax: 5 } },
    {
      scheduler,
      chance: new Chance(1, "network"),
      observer: { onRequest: () => {}, onResponse: () => {}, onAborted: () => {} },
    },
  );
  const server = new SimulatedProcess("server", scheduler);
  const client = new SimulatedProcess("client", scheduler);
  const heard: string[] = [];
  await network.transportOf({ process: server, host: "server", clientId: "" }).listen({ host: "server", port: 1 }, [
    serveUnary(echo, async (request) => {
      if (request === "fail") throw new SluiceError("UNKNOWN_TOPIC", { topic: "t" });
      return `${request}!`;
    }),
    serveStream(chat, (stream: MessageStream<string>) => ({
      onMessage: (message) => {
        heard.push(message);
        stream.send(message.toUpperCase());
      },
      onEnd: () => stream.end(),
      onError: (error) => heard.push(error.code),
    })),
  ]);
  const transport = network.transportOf({ process: client, host: "client", clientId: "" });
  const runFor = async (ms: number): Promise<void> => {
    const endMs = scheduler.nowMs + ms;
    scheduler.schedule(ms, () => undefined);
    while (scheduler.nowMs < endMs && scheduler.runNext()) await eventLoopTurn();
  };
  return { network, server, client, transport, heard, runFor };
}

describe("SimulatedNetwork", () => {
  it("carries calls and their errors", async () => {
    const { transport, runFor } = await setUp();
    const connection = transport.connect(address);
    const answer = connection.call(echo, "hello");
    const failure = connection.call(echo, "fail").catch((error: SluiceError) => error.code);
    await runFor(200);
    expect(await answer).toBe("hello!");
    expect(await failure).toBe("UNKNOWN_TOPIC");
  });

  it("keeps the order of one stream, and ends it in order", async () => {
    const { transport, heard, runFor } = await setUp();
    const got: string[] = [];
    const stream = transport.connect(address).open(chat, {
      onMessage: (message) => got.push(message),
      onEnd: () => got.push("end"),
      onError: (error) => got.push(error.code),
    });
    const sent = Array.from({ length: 50 }, (_, index) => `m${index}`);
    for (const message of sent) stream.send(message);
    stream.end();
    await runFor(500);
    expect(heard).toEqual(sent);
    expect(got).toEqual([...sent.map((message) => message.toUpperCase()), "end"]);
  });

  it("refuses where nobody listens, and is silent where the power is gone", async () => {
    const { network, transport, runFor } = await setUp();
    const refused = transport.connect({ host: "server", port: 2 }).call(echo, "hello");
    const outcome = refused.catch((error: SluiceError) => error.message);
    await runFor(200);
    expect(await outcome).toContain("connection refused");
    network.host("server").isUp = false;
    const silent = transport.connect(address).call(echo, "hello", { timeoutMs: 300 });
    const code = silent.catch((error: SluiceError) => error.code);
    await runFor(400);
    expect(await code).toBe("REQUEST_TIMED_OUT");
  });

  it("accepts for a process that stands still, and not for one that is gone", async () => {
    const { network, server, transport, runFor } = await setUp();
    server.pause();
    const paused = transport.accepts(address, 200);
    await runFor(300);
    expect(await paused).toBe(true);
    server.die();
    network.processGone(server, false);
    const gone = transport.accepts(address, 200);
    await runFor(300);
    expect(await gone).toBe(false);
  });

  it("holds back what is sent over a cut link, and delivers it in order when the link is whole", async () => {
    const { network, transport, heard, runFor } = await setUp();
    const stream = transport.connect(address).open(chat, { onMessage: () => {}, onEnd: () => {}, onError: () => {} });
    stream.send("before");
    await runFor(200);
    network.cut("client", "server");
    for (const message of ["a", "b", "c"]) stream.send(message);
    await runFor(300);
    expect(heard).toEqual(["before"]);
    network.healAll();
    await runFor(300);
    expect(heard).toEqual(["before", "a", "b", "c"]);
  });

  it("breaks the streams of a process that dies at the other end, and lets nothing of it run", async () => {
    const { network, server, transport, heard, runFor } = await setUp();
    const got: string[] = [];
    const stream = transport.connect(address).open(chat, {
      onMessage: (message) => got.push(message),
      onEnd: () => got.push("end"),
      onError: (error) => got.push(error.code),
    });
    stream.send("one");
    await runFor(200);
    stream.send("two");
    server.die();
    network.processGone(server, false);
    await runFor(200);
    expect(heard).toEqual(["one"]);
    expect(got).toEqual(["ONE", "BROKER_UNREACHABLE"]);
  });

  it("tells the server that a client is gone", async () => {
    const { network, client, transport, heard, runFor } = await setUp();
    transport.connect(address).open(chat, { onMessage: () => {}, onEnd: () => {}, onError: () => {} });
    await runFor(200);
    client.die();
    network.processGone(client, false);
    await runFor(200);
    expect(heard).toEqual(["CANCELLED"]);
  });
});
