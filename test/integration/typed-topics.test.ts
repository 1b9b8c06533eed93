/** A typed topic against a real broker: created as it says, written and read with its types, readable by who knows none. */

import { defineTopic, json, type MessageOf, uint } from "@sluice/client";
import { startTestCluster } from "@sluice/testing";
import { expect, it } from "vitest";

interface Reading {
  readonly celsius: number;
}

const readings = defineTopic("readings", {
  key: uint,
  value: json<Reading>(),
  partitions: 3,
  config: { "cleanup.policy": "compact" },
});

it("is created as it says, and carries keys, values and deletions through a group", async () => {
  await using cluster = await startTestCluster();
  const sluice = cluster.createClient();
  const admin = sluice.admin();
  expect(await admin.createTopics({ topics: [readings] })).toBe(true);
  const description = await admin.describeTopic(readings);
  expect(description.partitions).toHaveLength(3);
  expect(description.configs).toContainEqual({ name: "cleanup.policy", value: "compact", isDefault: false });

  const messages = [
    { key: 1, value: { celsius: 20.5 } },
    { key: 258, value: { celsius: -3 } },
    { key: 1, value: null },
  ];
  await sluice.producer().send({ topic: readings, messages });

  const consumer = sluice.consumer({ groupId: "weather", startFrom: "earliest", topics: [readings] });
  const seen: MessageOf<typeof readings>[] = [];
  for await (const message of consumer) if (seen.push(message) === messages.length) break;
  const ofKey = (key: number): (Reading | null)[] => seen.filter((each) => each.key === key).map(({ value }) => value);
  expect(ofKey(1)).toEqual([{ celsius: 20.5 }, null]);
  expect(ofKey(258)).toEqual([{ celsius: -3 }]);

  const raw = new Map<string, string>();
  for (const partition of [0, 1, 2])
    for await (const { key, value } of sluice.consumer().read({ topic: "readings", partition, from: "earliest" }))
      if (value !== null) raw.set(String(key?.toString("hex")), String(value));
  expect(Object.fromEntries(raw)).toEqual({
    "0000000000000001": '{"celsius":20.5}',
    "0000000000000102": '{"celsius":-3}',
  });
});
