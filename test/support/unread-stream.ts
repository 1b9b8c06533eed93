/** A stream whose client sends and never reads: on HTTP/2 itself, because a gRPC client reads ahead. Closed after the test. */

import http2 from "node:http2";
import { onTestFinished } from "vitest";

/** The HTTP/2 window of such a client: what a broker can send before it has to wait. */
const windowBytes = 65_535;

/** Opens one stream on a connection of its own, and sends the messages. */
export function openUnreadStream(
  broker: { readonly address: string },
  path: string,
  messages: readonly Buffer[],
): http2.ClientHttp2Stream {
  const session = http2.connect(`http://${broker.address}`, { settings: { initialWindowSize: windowBytes } });
  session.on("error", () => {});
  onTestFinished(() => session.destroy());
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request(headers, { endStream: false });
  stream.on("error", () => {});
  for (const message of messages) {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    stream.write(Buffer.concat([head, message]));
  }
  return stream;
}
