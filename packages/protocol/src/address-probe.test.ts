import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { acceptsConnections } from "./address-probe.js";

describe("acceptsConnections", () => {
  it("tells a port that listens from one that does not", async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const address = { host: "127.0.0.1", port };
    expect(await acceptsConnections(address, 5000)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await acceptsConnections(address, 5000)).toBe(false);
  });

  it("is false for a name that nobody knows", async () => {
    expect(await acceptsConnections({ host: "nowhere.invalid", port: 1 }, 5000)).toBe(false);
  });

  it("gives up where nothing answers", async () => {
    expect(await acceptsConnections({ host: "192.0.2.1", port: 9 }, 20)).toBe(false);
  });
});
