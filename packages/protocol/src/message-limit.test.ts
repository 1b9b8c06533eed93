import type { SluiceError } from "@sluice/model";
import { serveStream } from "@sluice/model";
import { expect, it, onTestFinished } from "vitest";
import { GrpcTransport } from "./grpc-transport.js";
import { logService } from "./service-definitions.js";

const bytes = { encode: (message: Buffer) => message, decode: (message: Buffer) => message };
const method = { ...logService.produce, request: bytes, response: bytes };

it("refuses a message over the limit with a typed error, and leaves the other streams of the connection alone", async () => {
  const echo = serveStream(method, (stream) => ({
    onMessage: (message) => void stream.send(Buffer.from(String(message.length))),
    onEnd: () => stream.end(),
    onError: () => {},
  }));
  const server = await new GrpcTransport({ messageBytesMax: 1000 }).listen({ host: "127.0.0.1", port: 0 }, [echo]);
  onTestFinished(() => server.close(0));
  const connection = new GrpcTransport().connect({ host: "127.0.0.1", port: server.port });
  onTestFinished(() => connection.close());

  const answers: string[] = [];
  let answered = (): void => {};
  const other = connection.open(method, {
    onMessage: (message) => {
      answers.push(String(message));
      answered();
    },
    onEnd: () => {},
    onError: (error) => answers.push(error.code),
  });
  const nextAnswer = (): Promise<void> =>
    new Promise((resolve) => {
      answered = resolve;
    });
  const first = nextAnswer();
  other.send(Buffer.alloc(10));
  await first;

  const failure = await new Promise<SluiceError>((resolve) => {
    const tooLarge = connection.open(method, { onMessage: () => {}, onEnd: () => {}, onError: resolve });
    tooLarge.send(Buffer.alloc(1001));
  });
  expect(failure.code).toBe("INVALID_REQUEST");
  expect(failure.message).toContain("1001 vs 1000");

  const second = nextAnswer();
  other.send(Buffer.alloc(1000));
  await second;
  expect(answers).toEqual(["10", "1000"]);
});
