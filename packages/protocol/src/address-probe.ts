/** Whether an address takes TCP connections: one is made, and closed at once. No byte is sent. */

import { createConnection } from "node:net";
import type { BrokerAddress } from "@sluice/model";

/** False: refused, unreachable, not resolved, or silent for `timeoutMs`. Never rejects. */
export function acceptsConnections(address: BrokerAddress, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address.host, port: address.port });
    const finish = (accepts: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(accepts);
    };
    // Of its own: the socket's counts from the last activity, and not while a name is resolved.
    const timer = setTimeout(() => finish(false), timeoutMs);
    timer.unref();
    socket.once("connect", () => finish(true));
    // It stays: an error that comes after the answer is nobody's.
    socket.on("error", () => finish(false));
  });
}
