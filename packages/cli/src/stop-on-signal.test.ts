import { SluiceError } from "@sluice/model";
import { expect, it } from "vitest";
import { Interruption } from "./command-context.js";
import { exitCode } from "./exit-code.js";
import { stopOnSignal } from "./stop-on-signal.js";

it("tells a stop that failed, and does not pass it off as an interruption", async () => {
  let told = "";
  let code: number | undefined;
  const output = {
    isTerminal: false,
    hasColors: false,
    columns: 80,
    write: async (text: string) => {
      told += text;
    },
  };
  const context = {
    env: {},
    stdin: (async function* () {})(),
    stdout: output,
    isInteractive: false,
    stderr: output,
    signal: AbortSignal.abort(new Interruption("stopped by SIGTERM", exitCode.interrupted)),
    setExitCode: (given: number) => {
      code = given;
    },
  };
  const failure = new SluiceError("DISK_FAILED", { path: "/data", reason: "ENOSPC: no space left on device" });
  await stopOnSignal(context, 0, () => Promise.reject(failure));
  expect(code).toBe(exitCode.failed);
  expect(told).toContain("ENOSPC");
});
