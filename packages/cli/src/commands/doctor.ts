/**
 * `sluice doctor`: looks at everything between this program and a record in a cluster, in that order, and says what to do about what is
 * wrong. It changes nothing, unless --write: then it makes a topic and deletes it.
 *
 * Exit code 0: all is well; 3: something is worth a look; 1: something does not work.
 */

import type { Command } from "commander";
import picocolors from "picocolors";
import { addressesOf } from "../broker-calls.js";
import { type ClusterLook, lookAtBrokers } from "../cluster-look.js";
import type { CommandContext } from "../command-context.js";
import { type ClusterOptions, isForPrograms, withClusterOptions } from "../command-options.js";
import { describeFailure } from "../describe-failure.js";
import { type Check, fail } from "../doctor/check.js";
import { checkBootstrap, realNetwork } from "../doctor/check-bootstrap.js";
import { checkCluster } from "../doctor/check-cluster.js";
import { checkAddress, checkNode } from "../doctor/check-machine.js";
import { checkRoundTrip } from "../doctor/check-round-trip.js";
import { exitCode } from "../exit-code.js";
import { printAnswer } from "../print-answer.js";
import { printable } from "../printable.js";
import { programVersion } from "../program-version.js";
import { withClient } from "../with-client.js";

interface DoctorOptions extends ClusterOptions {
  readonly write?: true;
}

const dialTimeoutMs = 5000;

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .option("--write", "also make a temporary topic, write to it, read from it, and delete it")
    .addHelpText("after", "\nExit code 0: all is well. 3: something is worth a look. 1: something does not work.")
    .action((options: DoctorOptions) => doctor(options, context));
}

async function doctor(options: DoctorOptions, context: CommandContext): Promise<void> {
  const checks: Check[] = [];
  const add = async (...found: readonly Check[]): Promise<void> => {
    checks.push(...found);
    if (!isForPrograms(options)) await context.stdout.write(found.map((check) => line(check, context)).join(""));
  };
  await examine(options, context, add);
  context.signal.throwIfAborted();
  const count = (status: Check["status"]): number => checks.filter((check) => check.status === status).length;
  const [failed, warned] = [count("fail"), count("warn")];
  if (failed > 0) context.setExitCode(exitCode.failed);
  else if (warned > 0) context.setExitCode(exitCode.unhealthy);
  const verdict =
    failed > 0
      ? `${failed} of ${checks.length} checks failed`
      : warned > 0
        ? `Worth a look: ${warned} of ${checks.length} checks`
        : `All ${checks.length} checks are well`;
  await printAnswer(context, options, {
    value: { status: failed > 0 ? "fail" : warned > 0 ? "warn" : "ok", checks },
    text: () => `\n${verdict}.\n`,
  });
}

/** Each step needs the one before: what cannot be reached cannot be asked. */
async function examine(
  options: DoctorOptions,
  context: CommandContext,
  add: (...checks: readonly Check[]) => Promise<void>,
): Promise<void> {
  const { signal } = context;
  await add(checkNode(process.versions.node));
  const { check, address } = await checkAddress(options, context);
  await add(check);
  if (address === undefined) return;
  const bootstrap = await checkBootstrap(
    addressesOf(address.brokers),
    realNetwork(options.timeout ?? dialTimeoutMs, signal),
  );
  await add(...bootstrap);
  if (bootstrap.every(({ status }) => status !== "ok") || bootstrap.some(({ status }) => status === "fail")) return;
  const look = await lookOrFail(options, context);
  if ("status" in look) return add(look);
  await add(...checkCluster(look, programVersion()));
  if (options.write !== true) return;
  const work = { finishesItself: true };
  await add(await withClient(options, context, (client) => checkRoundTrip(client, look.brokers.length, context), work));
}

async function lookOrFail(options: DoctorOptions, context: CommandContext): Promise<ClusterLook | Check> {
  try {
    return await lookAtBrokers(options, context);
  } catch (error) {
    if (context.signal.aborted) throw error;
    const [message = "", next = ""] = describeFailure(error).text.split("\n");
    return fail("cluster", message, next);
  }
}

function line({ status, message, next }: Check, { stdout }: CommandContext): string {
  const { green, yellow, red } = picocolors.createColors(stdout.hasColors);
  const color = status === "ok" ? green : status === "warn" ? yellow : red;
  const then = next === undefined ? "" : `      ${printable(next)}\n`;
  return `${color(status.padEnd(4))}  ${printable(message)}\n${then}`;
}
