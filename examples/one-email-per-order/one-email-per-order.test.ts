import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestCluster } from "@sluice/testing";
import { expect, it, onTestFinished, vi } from "vitest";
import { OrderConfirmations } from "./src/confirm-orders.js";
import { MailServer } from "./src/mail-server.js";
import { confirmedOrders } from "./src/orders.js";
import { SentOrders } from "./src/sent-orders.js";

const orderIds = Array.from({ length: 40 }, (_, index) => `order-${index}`);

async function sentOrdersPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-one-email-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, "sent-orders");
}

it("sends one mail an order over crashes, lost answers and orders produced twice", async () => {
  await using cluster = await startTestCluster();
  const sluice = cluster.createClient();
  await sluice.admin().createTopics({ topics: [{ topic: confirmedOrders.name, numPartitions: 3 }] });
  const messages = [...orderIds, ...orderIds.slice(0, 10)].map((key) => ({
    key,
    value: { email: `${key}@example.org` },
  }));
  await sluice.producer().send({ topic: confirmedOrders, messages });

  const mailServer = new MailServer();
  mailServer.loseNextAnswers(3);
  const path = await sentOrdersPath();
  let crashes = 0;
  // Each life of the service dies between a mail and the note that it was sent, but the last.
  for (const mailsBeforeDeath of [5, 10, undefined]) {
    await using sentOrders = await SentOrders.open(path);
    let mails = 0;
    const onSent = (): void => {
      mails += 1;
      if (mails > (mailsBeforeDeath ?? Number.POSITIVE_INFINITY)) throw new Error("the service dies here");
    };
    await using confirmations = new OrderConfirmations(sluice, { mailServer, sentOrders, onSent });
    const { finished } = await confirmations.start();
    if (mailsBeforeDeath === undefined) {
      await vi.waitFor(() => expect(orderIds.every((id) => sentOrders.has(id))).toBe(true), { timeout: 30_000 });
    } else {
      await expect(finished).rejects.toThrow("the service dies here");
      crashes += 1;
    }
  }
  expect(crashes).toBe(2);
  expect([...mailServer.sent.keys()].sort()).toEqual([...orderIds].sort());
  // Some were asked for more than once: it was not luck.
  expect(mailServer.requests).toBeGreaterThan(orderIds.length);
});
