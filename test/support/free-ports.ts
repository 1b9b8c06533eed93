/** Finds TCP ports of 127.0.0.1 that nobody listens on. */

import { createServer } from "node:net";

/**
 * First of `count` ports in a row that are free, and free 100 higher as well, where brokers serve HTTP.
 *
 * Taken below the range that the kernel gives to outgoing connections, so that no client socket sits on one by chance.
 */
export async function freePortRange(count: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const first = 12_000 + Math.floor(Math.random() * 18_000);
    const wanted = Array.from({ length: count }, (_, index) => [first + index, first + index + 100]).flat();
    const free = await Promise.all(wanted.map(isFree));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${count} free ports in a row on 127.0.0.1`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
