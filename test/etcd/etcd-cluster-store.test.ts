/** The cluster store in a real etcd does what every cluster store does. */

import { afterAll, beforeAll } from "vitest";
import { describeClusterStore } from "../../packages/coordination/src/cluster-store.compliance.js";
import { EtcdCluster } from "../support/etcd-process.js";
import { openStore } from "../support/etcd-store.js";

let etcd: EtcdCluster;
/** Each store has a prefix of its own, and so begins empty. */
let storeCount = 0;

beforeAll(async () => {
  etcd = await EtcdCluster.start();
});
afterAll(() => etcd.dispose());

describeClusterStore("EtcdClusterStore", async () => {
  storeCount += 1;
  const store = await openStore({ endpoints: etcd.endpoints, prefix: `/store-${storeCount}` });
  return {
    store,
    passTime: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
    leaseMarginMs: 1000,
    forgetHistory: async () => {
      const { header } = await etcd.client.kv.range({ key: Buffer.from("any") });
      await etcd.client.kv.compact({ revision: header.revision });
    },
    dispose: () => store.close(),
  };
});
