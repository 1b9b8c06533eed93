import { once } from "node:events";
import { Client, credentials, Metadata, Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { EncodedMessage } from "./encoded-message.js";

const head = Buffer.from("head ");
const payload = Buffer.from("payload");

it("is its head and its payload, one after the other", () => {
  const message = new EncodedMessage(head, payload);
  expect(message.toBuffer().toString()).toBe("head payload");
  expect([message.length, message.byteLength]).toEqual([12, 12]);
  const target = Buffer.alloc(14, ".");
  expect(message.copy(target, 1)).toBe(12);
  expect(target.toString()).toBe(".head payload.");
});

it("is all that grpc-js asks for where it would be given a Buffer, at a client and at a server", async () => {
  const pass = (message: unknown): Buffer => message as Buffer;
  const server = new Server();
  const echo = (call: ServerDuplexStream<Buffer, Buffer>): void => {
    call.on("data", (bytes: Buffer) => call.write(new EncodedMessage(head, bytes) as unknown as Buffer));
    call.on("end", () => call.end());
  };
  server.register("/test/echo", echo, pass, pass, "bidi");
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.enable_retries": 0 });
  try {
    const call = client.makeBidiStreamRequest<Buffer, Buffer>("/test/echo", pass, pass, new Metadata());
    call.end(new EncodedMessage(head, payload) as unknown as Buffer);
    const [answer] = (await once(call, "data")) as [Buffer];
    expect(answer.toString()).toBe("head head payload");
  } finally {
    client.close();
    server.forceShutdown();
  }
});
