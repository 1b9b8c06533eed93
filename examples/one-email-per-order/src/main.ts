/** Three orders, one of them produced twice and one whose answer gets lost: three mails. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestCluster } from "@sluice/testing";
import { OrderConfirmations } from "./confirm-orders.js";
import { MailServer } from "./mail-server.js";
import { confirmedOrders } from "./orders.js";
import { SentOrders } from "./sent-orders.js";

const directory = await mkdtemp(join(tmpdir(), "sluice-one-email-"));
try {
  await using cluster = await startTestCluster();
  const sluice = cluster.createClient();
  await sluice.admin().createTopics({ topics: [{ topic: confirmedOrders.name }] });
  const mailServer = new MailServer();
  mailServer.loseNextAnswers(1);
  await using sentOrders = await SentOrders.open(join(directory, "sent-orders"));
  await using confirmations = new OrderConfirmations(sluice, { mailServer, sentOrders });
  await confirmations.start();
  const order = (key: string) => ({ key, value: { email: `${key}@example.org` } });
  const messages = [order("ann-1"), order("bob-1"), order("bob-1"), order("cleo-1")];
  await sluice.producer().send({ topic: confirmedOrders, messages });
  while (!sentOrders.has("cleo-1")) await sleep(10);
  console.log(`${messages.length} records, ${mailServer.requests} requests, ${mailServer.sent.size} mails`);
} finally {
  await rm(directory, { recursive: true, force: true });
}
