import { startTestCluster } from "@sluice/testing";
import { expect, it, vi } from "vitest";
import { registrations, undeliverable } from "./src/registrations.js";
import { putAside, WelcomeService } from "./src/welcome-service.js";

const users = Array.from({ length: 60 }, (_, index) => `user-${index}`);

it("welcomes every user once by e-mail and once by SMS, and puts aside what cannot be sent", async () => {
  await using cluster = await startTestCluster();
  const sluice = cluster.createClient();
  await sluice.admin().createTopics({
    topics: [{ topic: registrations.name, numPartitions: 3 }, { topic: undeliverable }],
  });
  const mails: string[] = [];
  const texts: string[] = [];
  const attempts = new Map<string, number>();
  const mail = async (key: string): Promise<void> => {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    if (key === "user-7" && attempt < 3) throw new Error("the mail server is busy");
    if (key === "user-13") throw new Error("no such mailbox");
    mails.push(key);
  };
  await using first = new WelcomeService(sluice, "email", ({ key }) => mail(key as string));
  await using second = new WelcomeService(sluice, "email", ({ key }) => mail(key as string));
  await using sms = new WelcomeService(sluice, "sms", async ({ key }) => void texts.push(key as string));
  await Promise.all([first.start(), second.start(), sms.start()]);
  const messages = users.map((key) => ({ key, value: { name: key, email: `${key}@example.org` } }));
  await sluice.producer().send({ topic: registrations, messages });

  const [aside] = await putAside(sluice, 1);
  await vi.waitFor(
    () => {
      expect(new Set(mails).size).toBe(users.length - 1);
      expect(new Set(texts).size).toBe(users.length);
    },
    { timeout: 30_000 },
  );
  expect(String(aside?.key)).toBe("user-13");
  expect(JSON.parse(String(aside?.value))).toEqual({ name: "user-13", email: "user-13@example.org" });
  expect(Object.values(aside?.headers ?? {}).map(String)).toContain("no such mailbox");
  expect([attempts.get("user-7"), attempts.get("user-13")]).toEqual([3, 4]);
});
