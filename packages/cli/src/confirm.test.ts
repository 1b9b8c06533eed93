import { expect, it } from "vitest";
import { InputError, UsageError } from "./command-context.js";
import { confirm } from "./confirm.js";
import { fakeContext } from "./testing/fake-context.js";

it("asks on standard error, and takes yes", async () => {
  const context = fakeContext({ typed: ["Y", "es\nmore"], isInteractive: true });
  await confirm(context, {}, "Delete it");
  expect(context.stderr.text).toBe("Delete it? [y/N] ");
  expect(context.stdout.text).toBe("");
});

it.each([["n\n"], ["\n"], [""]])("takes %j for no", async (typed) => {
  const context = fakeContext({ typed: [typed], isInteractive: true });
  await expect(confirm(context, {}, "Delete it")).rejects.toThrow(InputError);
});

it("does not ask with --yes", async () => {
  const context = fakeContext();
  await confirm(context, { yes: true }, "Delete it");
  expect(context.stderr.text).toBe("");
});

it("refuses where nobody can be asked, and names --yes", async () => {
  await expect(confirm(fakeContext(), {}, "Delete it")).rejects.toThrow(UsageError);
  await expect(confirm(fakeContext(), {}, "Delete it")).rejects.toMatchObject({
    hint: expect.stringContaining("--yes"),
  });
});
