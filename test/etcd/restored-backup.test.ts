/** An etcd that was restored from a backup has forgotten what brokers have acted upon: they notice, and refuse it. */

import { brokerKey, formatBrokerValue } from "@sluice/cluster";
import { ImageWatcher } from "@sluice/coordination";
import { brokerId, isSluiceError } from "@sluice/model";
import { expect, it, onTestFinished, vi } from "vitest";
import { EtcdCluster } from "../support/etcd-process.js";
import { clock, openTestStore } from "../support/etcd-store.js";

const eventually = { timeout: 30_000, interval: 20 };

it("is refused with STORE_RESTORED by whoever has seen more of it; the last image stays", async () => {
  const etcd = await EtcdCluster.start();
  onTestFinished(() => etcd.dispose());
  const store = await openTestStore({ endpoints: etcd.endpoints });
  await store.transact([], [putBroker(1)]);
  await etcd.backUp();
  const errors: Error[] = [];
  const images = new ImageWatcher({ onError: (error) => errors.push(error) }, { store, clock });
  onTestFinished(() => images.close());
  await images.start();
  const { revision } = await store.transact([], [putBroker(2)]);
  await images.waitFor((image) => image.revision === revision);
  await etcd.restore();
  await vi.waitFor(() => expect(errors.some(isRestored)).toBe(true), eventually);
  // Also when other writers have made the restored etcd as old again.
  for (let id = 3; id < 6; id += 1) await store.transact([], [putBroker(id)]);
  images.reconcile();
  expect((await store.list("")).revision).toBeGreaterThan(revision);
  expect([...images.image.brokers.keys()]).toEqual([1, 2]);
});

function isRestored(error: unknown): boolean {
  return isSluiceError(error, "STORE_RESTORED");
}

function putBroker(id: number): { type: "put"; key: string; value: string } {
  const value = formatBrokerValue({ incarnation: "a", host: "127.0.0.1", port: 9092, listeners: {}, rack: "" });
  return { type: "put", key: brokerKey(brokerId(id)), value };
}
