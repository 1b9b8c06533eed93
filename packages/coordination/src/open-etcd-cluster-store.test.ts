import { NodeFileSystem } from "@sluice/log";
import type { SluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { type EtcdClusterStoreOptions, openEtcdClusterStore } from "./open-etcd-cluster-store.js";

const dependencies = { fileSystem: new NodeFileSystem(), clock: new VirtualClock(), random: new SeededRandom(1) };

describe("openEtcdClusterStore", () => {
  it.each<EtcdClusterStoreOptions>([
    { endpoints: [] },
    { endpoints: ["127.0.0.1:2379"] },
    { endpoints: ["http://127.0.0.1:2379/path"] },
    { endpoints: ["http://127.0.0.1:2379", "https://127.0.0.1:2380"] },
    { endpoints: ["http://127.0.0.1:2379"], caFile: "/ca.pem" },
    { endpoints: ["https://127.0.0.1:2379"], certFile: "/cert.pem" },
    { endpoints: ["https://127.0.0.1:2379"], keyFile: "/key.pem" },
  ])("refuses options that make no sense: %o", async (options) => {
    await expect(openEtcdClusterStore(options, dependencies)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });

  it("names the file that is missing", async () => {
    const options = { endpoints: ["https://127.0.0.1:2379"], caFile: "/none/ca.pem" };
    await expect(openEtcdClusterStore(options, dependencies)).rejects.toSatisfy(
      (error: SluiceError) => error.code === "FILE_NOT_FOUND" && error.message.includes("/none/ca.pem"),
    );
  });

  it("does not wait for etcd, and closes without it", async () => {
    const store = await openEtcdClusterStore({ endpoints: ["http://127.0.0.1:1"] }, dependencies);
    await store.close();
    await expect(store.get("a")).rejects.toMatchObject({ code: "CLOSED" });
  });
});
