import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterService, GrpcTransport, replicationService } from "@sluice/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { brokerConfig } from "./broker-config.js";
import { silentLogger } from "./logging.js";
import type { RunningBroker } from "./running-broker.js";
import { startBroker } from "./start-broker.js";

describe("a broker with several listeners", () => {
  let dataDirectory: string;
  let broker: RunningBroker | undefined;

  beforeEach(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), "sluice-listeners-"));
  });
  afterEach(async () => {
    await broker?.close();
    broker = undefined;
    await rm(dataDirectory, { recursive: true });
  });

  async function start(listeners: string): Promise<ReadonlyMap<string, number>> {
    const config = brokerConfig({ dataDirectory, listeners, httpPort: 0, stopGraceMs: 1000, diskReserveBytes: 0 });
    broker = await startBroker({ config, logger: silentLogger });
    return broker.listenerPorts;
  }

  /** Calls at that address. */
  async function at<Result>(
    address: { host: string; port: number },
    use: (connection: ReturnType<GrpcTransport["connect"]>) => Promise<Result>,
  ): Promise<Result> {
    const connection = new GrpcTransport().connect(address);
    try {
      return await use(connection);
    } finally {
      connection.close();
    }
  }

  function toldAt(host: string, port: number): Promise<{ host: string; port: number } | undefined> {
    return at({ host, port }, async (connection) => {
      const request = { topics: [], brokersOnly: true, createMissing: false };
      const { brokers } = await connection.call(clusterService.describe, request);
      return brokers[0] === undefined ? undefined : { host: brokers[0].host, port: brokers[0].port };
    });
  }

  it("tells each client the address that goes with the listener that it dialled", async () => {
    const ports = await start("internal=127.0.0.1:0,external=0.0.0.0:0");
    const [internal, external] = [ports.get("internal") ?? 0, ports.get("external") ?? 0];
    expect(internal).not.toBe(external);
    expect([broker?.host, broker?.port]).toEqual(["127.0.0.1", internal]);
    expect(await toldAt("127.0.0.1", internal)).toEqual({ host: "127.0.0.1", port: internal });
    expect(await toldAt("localhost", external)).toEqual({ host: "localhost", port: external });
    expect(await toldAt("127.0.0.1", external)).toEqual({ host: "127.0.0.1", port: external });
  });

  it("serves what brokers say to one another where brokers dial, and nowhere else", async () => {
    const ports = await start("internal=127.0.0.1:0,external=127.0.0.1:0");
    const report = { brokerId: 9, brokerEpoch: 1, suspects: [] };
    const ask = (name: string) => {
      const address = { host: "127.0.0.1", port: ports.get(name) ?? 0 };
      return at(address, (connection) => connection.call(replicationService.reportSuspects, report));
    };
    expect(await ask("internal")).toEqual({ agreed: [] });
    await expect(ask("external")).rejects.toMatchObject({ status: "UNIMPLEMENTED" });
  });

  it("opens all of its listeners or none", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    await expect(start(`internal=127.0.0.1:0,external=127.0.0.1:${port}`)).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
    });
    await new Promise((resolve) => taken.close(resolve));
    // Nothing of the failed start is in the way.
    await start(`internal=127.0.0.1:0,external=127.0.0.1:${port}`);
  });
});
