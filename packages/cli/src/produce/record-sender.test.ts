import type { OutgoingMessage } from "@sluice/client";
import { SluiceError } from "@sluice/model";
import { expect, it } from "vitest";
import { describeFailure } from "../describe-failure.js";
import { messagesOf } from "./input-format.js";
import { RecordSender } from "./record-sender.js";

/** A producer that takes no value longer than three bytes. */
const producer = {
  async send({ messages }: { readonly messages: readonly OutgoingMessage[] }) {
    const error = new SluiceError("RECORD_BATCH_TOO_LARGE", { sizeBytes: 4, sizeBytesMax: 3, where: "t-0" });
    const results = messages.map(({ value }) =>
      String(value).length > 3 ? { status: "rejected", reason: error } : { status: "fulfilled", value: {} },
    );
    if (results.some(({ status }) => status === "rejected")) throw Object.assign(error, { results });
    return [];
  },
} as unknown as ConstructorParameters<typeof RecordSender>[1];

it.each([
  ["lines", "abc\nabcdef\nab\n", /Line 2 of the input/],
  ["ndjson", '1\n\n"long"\n', /Line 3 of the input/],
  ["csv", "a\nx\n", /Row 2 of the input/],
] as const)("names the place of the first record that is too large, in %s", async (format, text, place) => {
  const sender = new RecordSender("t", producer);
  const send = async (): Promise<void> => {
    for await (const group of messagesOf([Buffer.from(text)], format, {})) await sender.send(group);
    await sender.settle();
  };
  const failure = describeFailure(await send().catch((error: unknown) => error));
  expect(failure.text).toMatch(place);
  expect(failure.text).toMatch(/RECORD_BATCH_TOO_LARGE/);
});

it("counts what was acknowledged beside what was not", async () => {
  const sender = new RecordSender("t", producer);
  for await (const group of messagesOf([Buffer.from("abc\nabcdef\nab\n")], "lines", {})) await sender.send(group);
  await expect(sender.settle()).rejects.toThrow();
  expect(sender.acknowledged).toEqual({ records: 2, bytes: 5 });
});
