/**
 * Ports of this machine for brokers. A broker tells clients its port, so it has to know the one that it is reached by before it starts:
 * the same number inside its container and outside.
 */

import { createServer, type Server } from "node:net";

/** So many ports that nothing uses at this moment. Something else may take one before it is used. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port);
  // Closed together, or one number would be given out twice.
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "0.0.0.0", () => resolve(server));
  });
}
