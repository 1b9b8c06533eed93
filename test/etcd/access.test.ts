/** TLS to etcd, certificates of clients, users and passwords, and a user who may touch one prefix only. */

import type { ClusterStore } from "@sluice/coordination";
import { isSluiceError, type SluiceError } from "@sluice/model";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { makeCertificates } from "../support/etcd-certificates.js";
import { EtcdCluster, type EtcdClusterOptions } from "../support/etcd-process.js";
import { openTestStore } from "../support/etcd-store.js";
import { temporaryDirectory } from "../support/temporary-directory.js";

const eventually = { timeout: 20_000, interval: 20 };

describe("TLS", () => {
  it("is spoken where the endpoints are https, and etcd has to be the one that the authority signed", async () => {
    const certificates = makeCertificates(await temporaryDirectory());
    const { caFile, serverCertFile, serverKeyFile } = certificates;
    const { endpoints } = await startEtcd({
      scheme: "https",
      args: [`--cert-file=${serverCertFile}`, `--key-file=${serverKeyFile}`],
    });
    await expectToWork(await openTestStore({ endpoints, caFile }));
    const otherAuthority = makeCertificates(await temporaryDirectory()).caFile;
    for (const options of [{ caFile: otherAuthority }, {}]) {
      const error = await errorOf((await openTestStore({ endpoints, ...options })).list(""));
      expect(error.code).toBe("STORE_UNAVAILABLE");
      expect(error.message).toMatch(/certificate/);
    }
    const plain = endpoints.map((endpoint) => endpoint.replace("https:", "http:"));
    expect((await errorOf((await openTestStore({ endpoints: plain })).list(""))).code).toBe("STORE_UNAVAILABLE");
  });

  it("shows a certificate of the broker where etcd asks for one", async () => {
    const certificates = makeCertificates(await temporaryDirectory());
    const { caFile, serverCertFile, serverKeyFile } = certificates;
    const trusted = [`--client-cert-auth`, `--trusted-ca-file=${caFile}`];
    const args = [`--cert-file=${serverCertFile}`, `--key-file=${serverKeyFile}`, ...trusted];
    const { endpoints } = await startEtcd({ scheme: "https", args });
    const { clientCertFile: certFile, clientKeyFile: keyFile } = certificates;
    await expectToWork(await openTestStore({ endpoints, caFile, certFile, keyFile }));
    expect((await errorOf((await openTestStore({ endpoints, caFile })).list(""))).code).toBe("STORE_UNAVAILABLE");
  });
});

describe("users", () => {
  it("work under the one prefix that they may touch; everybody else gets STORE_ACCESS_DENIED", async () => {
    const etcd = await startEtcd({});
    const { endpoints } = etcd;
    await enableUsers(etcd);
    const user = { user: "sluice", password: "right" };
    await expectToWork(await openTestStore({ endpoints, prefix: "/mine", ...user }));
    const refused = [
      { prefix: "/mine", user: "sluice", password: "wrong" },
      { prefix: "/mine", user: "nobody", password: "right" },
      { prefix: "/mine" },
      { prefix: "/other", ...user },
    ];
    for (const options of refused) {
      const store = await openTestStore({ endpoints, ...options });
      const errors = [
        await errorOf(store.list("/sluice/")),
        await errorOf(store.transact([], [{ type: "put", key: "/sluice/a", value: "1" }])),
        await new Promise<Error>((resolve) => {
          store.watch("/sluice/", 1, { onChange: () => undefined, onError: resolve });
        }),
      ];
      expect(errors.map((error) => isSluiceError(error, "STORE_ACCESS_DENIED"))).toEqual([true, true, true]);
      // The password is in no error.
      for (const error of errors) expect(JSON.stringify([error.message, error])).not.toContain("wrong");
    }
  });

  it("log in again when their token has run out, for calls, keep-alives and watches", async () => {
    const etcd = await startEtcd({ env: { ETCD_AUTH_TOKEN_TTL: "1" } });
    await enableUsers(etcd);
    const { endpoints } = etcd;
    const user = { user: "sluice", password: "right" };
    // A login is slow on purpose, and on a busy machine slower than an impatient store waits.
    const store = await openTestStore({ endpoints, prefix: "/mine", ...user, callTimeoutMs: 5000 });
    const { leaseId } = await store.grantLease(30_000);
    for (let round = 0; round < 3; round += 1) {
      await store.transact([], [{ type: "put", key: "/sluice/a", value: `${round}` }]);
      await expectWatch(store, "/sluice/a");
      await store.keepLeaseAlive(leaseId);
      await new Promise((resolve) => setTimeout(resolve, 2500));
    }
  });

  it("are refused with STORE_ACCESS_DENIED by an etcd that has no users", async () => {
    const { endpoints } = await startEtcd({});
    const store = await openTestStore({ endpoints, user: "sluice", password: "right" });
    expect((await errorOf(store.list(""))).code).toBe("STORE_ACCESS_DENIED");
  });
});

async function startEtcd(options: EtcdClusterOptions): Promise<EtcdCluster> {
  const etcd = await EtcdCluster.start(options);
  onTestFinished(() => etcd.dispose());
  return etcd;
}

/** User sluice, password right, for what begins with /mine/sluice. */
async function enableUsers({ client }: EtcdCluster): Promise<void> {
  const root = await client.role("root").create();
  await (await client.user("root").create("root")).addRole(root);
  const role = await client.role("sluice").create();
  await role.grant({ permission: "Readwrite", range: client.range({ prefix: "/mine/sluice" }) });
  await (await client.user("sluice").create("right")).addRole(role);
  await client.auth.authEnable();
}

async function expectToWork(store: ClusterStore): Promise<void> {
  const key = "/sluice/a";
  const { succeeded } = await store.transact(
    [{ key, target: "createRevision", equals: 0 }],
    [{ type: "put", key, value: "1" }],
  );
  expect(succeeded).toBe(true);
  expect((await store.get(key))?.value).toBe("1");
  await expectWatch(store, key);
  const { leaseId } = await store.grantLease(5000);
  await store.keepLeaseAlive(leaseId);
  await store.revokeLease(leaseId);
}

/** A watch tells of the key as it is. */
async function expectWatch(store: ClusterStore, key: string): Promise<void> {
  const entry = await store.get(key);
  const told: unknown[] = [];
  const errors: Error[] = [];
  const watch = store.watch("/sluice/", entry?.modRevision ?? 0, {
    onChange: (_, events) => told.push(...events),
    onError: (error) => errors.push(error),
  });
  await vi.waitFor(() => expect([errors, told]).toEqual([[], [{ type: "put", entry }]]), eventually);
  watch.cancel();
}

function errorOf(call: Promise<unknown>): Promise<SluiceError> {
  return call.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: SluiceError) => error,
  );
}
