import { SluiceError } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { expect, it } from "vitest";
import { askInTurn } from "./ask-in-turn.js";
import { settled } from "./testing/test-client.js";

const failure = (name: string, code: "BROKER_UNREACHABLE" | "INVALID_REQUEST" = "BROKER_UNREACHABLE") =>
  code === "BROKER_UNREACHABLE"
    ? new SluiceError(code, { addresses: name, reason: "refused" })
    : new SluiceError(code, { reason: name });

/** Three that can be asked; the test answers for them. */
function three(options: { readonly patienceMs?: number; readonly signal?: AbortSignal } = {}) {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const calledOff: string[] = [];
  const answers = new Map<string, { resolve(answer: string): void; reject(error: SluiceError): void }>();
  const outcome = askInTurn(["a", "b", "c"], {
    clock,
    patienceMs: "patienceMs" in options ? options.patienceMs : 500,
    signal: options.signal,
    ask: (name, signal) => {
      asked.push(name);
      signal.addEventListener("abort", () => calledOff.push(name));
      return new Promise((resolve, reject) => answers.set(name, { resolve, reject }));
    },
    mayAskNext: ({ code }) => code === "BROKER_UNREACHABLE",
    onFailed: () => undefined,
    noneAnswers: (failures) => failure(failures.map(({ target }) => target).join()),
  });
  // Looked at later.
  outcome.catch(() => undefined);
  return { clock, asked, calledOff, answers, outcome };
}

it("asks nobody else where the first answers", async () => {
  const { clock, asked, answers, outcome } = three();
  answers.get("a")?.resolve("yes");
  expect(await outcome).toEqual({ target: "a", answer: "yes" });
  expect(asked).toEqual(["a"]);
  expect(clock.timerCount).toBe(0);
});

it("asks the next where one fails, at once, and says of each why where all have", async () => {
  const { clock, asked, answers, outcome } = three();
  for (const name of ["a", "b", "c"]) {
    answers.get(name)?.reject(failure(name));
    await settled();
  }
  expect(asked).toEqual(["a", "b", "c"]);
  await expect(outcome).rejects.toMatchObject({ details: { addresses: "a,b,c" } });
  expect(clock.timerCount).toBe(0);
});

it("asks the next too where one is silent, takes the first answer, and calls the others off", async () => {
  const { clock, asked, calledOff, answers, outcome } = three();
  clock.advance(499);
  expect(asked).toEqual(["a"]);
  clock.advance(1);
  expect(asked).toEqual(["a", "b"]);
  answers.get("b")?.resolve("yes");
  expect(await outcome).toEqual({ target: "b", answer: "yes" });
  expect(calledOff).toContain("a");
  answers.get("a")?.reject(failure("a"));
  await settled();
  expect(asked).toEqual(["a", "b"]);
  expect(clock.timerCount).toBe(0);
});

it("waits for a silent one after the others have failed", async () => {
  const { clock, answers, outcome } = three();
  clock.advance(500);
  answers.get("b")?.reject(failure("b"));
  await settled();
  answers.get("c")?.reject(failure("c"));
  await settled();
  answers.get("a")?.resolve("late");
  expect(await outcome).toEqual({ target: "a", answer: "late" });
});

it("takes an error for the answer that is one", async () => {
  const { asked, answers, outcome } = three();
  answers.get("a")?.reject(failure("no", "INVALID_REQUEST"));
  await expect(outcome).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  expect(asked).toEqual(["a"]);
});

it("asks one at a time without patience", async () => {
  const { clock, asked } = three({ patienceMs: undefined } as never);
  clock.advance(60_000);
  expect(asked).toEqual(["a"]);
});
