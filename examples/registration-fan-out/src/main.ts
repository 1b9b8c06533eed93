/** Two users register; each is welcomed by e-mail, and by SMS where there is a number. */

import { startTestCluster } from "@sluice/testing";
import { registrations, undeliverable } from "./registrations.js";
import { WelcomeService } from "./welcome-service.js";

await using cluster = await startTestCluster();
const sluice = cluster.createClient();
await sluice
  .admin()
  .createTopics({ topics: [{ topic: registrations.name, numPartitions: 3 }, { topic: undeliverable }] });

let left = 3;
const { promise: done, resolve } = withResolvers();
const sent = (text: string): void => {
  console.log(text);
  left -= 1;
  if (left === 0) resolve();
};
await using email = new WelcomeService(sluice, "email", async ({ value }) => sent(`e-mail to ${value?.email}`));
await using sms = new WelcomeService(sluice, "sms", async ({ value }) => {
  if (value?.phone !== undefined) sent(`SMS to ${value.phone}`);
});
await Promise.all([email.start(), sms.start()]);

await sluice.producer().send({
  topic: registrations,
  messages: [
    { key: "ann", value: { name: "Ann", email: "ann@example.org", phone: "+4312345" } },
    { key: "bob", value: { name: "Bob", email: "bob@example.org" } },
  ],
});
await done;

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
