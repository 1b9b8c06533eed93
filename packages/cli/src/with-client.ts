/** Opens a client for the time of one command. */

import type { Logger, Sluice } from "@sluice/client";
import { isSluiceError, type SluiceError } from "@sluice/model";
import { AdvisedError } from "./advice.js";
import type { CommandContext } from "./command-context.js";
import type { ClusterOptions } from "./command-options.js";
import { clusterAddress } from "./contexts/cluster-address.js";
import { nearestNames } from "./nearest-names.js";
import { say } from "./print-answer.js";

/** Most milliseconds that closing may take. */
const closeTimeoutMs = 5000;

/** The same for a command that was stopped: somebody waits for it to end. */
const stoppedTimeoutMs = 1000;

/** Most milliseconds that one broker has to answer before the next is asked. */
const connectTimeoutMsMax = 5000;

/** Most milliseconds that looking for names that were meant may take: the error itself is there already. */
const suggestTimeoutMs = 2000;

export interface WithClientOptions {
  /** Asked to stop, `work` ends by itself; else the client is closed under it. Default false. */
  readonly finishesItself?: boolean;
  /** Wraps what the client logs to; undefined: nothing. */
  readonly logger?: (next: Logger | undefined) => Logger | undefined;
}

/**
 * Runs `work` with a client, and closes the client whatever happens.
 *
 * When the command is asked to stop, what it asked for is broken off at once, unless `finishesItself`: then `work` looks at the signal.
 * A topic or group that does not exist is answered with the names that look like it.
 * @throws SluiceError at once where no broker answers: a person waits, and what reads would try again for long
 */
export async function withClient<Result>(
  options: ClusterOptions,
  context: CommandContext,
  work: (client: Sluice) => Promise<Result>,
  { finishesItself = false, logger = (next) => next }: WithClientOptions = {},
): Promise<Result> {
  const { signal } = context;
  const { brokers, origin, context: named } = await clusterAddress(options, context);
  if (options.context !== undefined && named !== options.context)
    await say(context, options, `--context ${options.context} is not used: ${origin} counts more.\n`);
  // Loaded here, and gRPC with it, so that help and errors of usage need not wait for them.
  const { Sluice: Client } = await import("@sluice/client");
  const client = new Client({
    brokers,
    clientId: "sluice-cli",
    ...(options.timeout === undefined ? {} : timeouts(options.timeout)),
    logger: logger(options.verbose === true ? verboseLogger(context) : undefined),
  });
  const onAbort = (): void => void client.close({ timeoutMs: 0 });
  if (!finishesItself) signal.addEventListener("abort", onAbort, { once: true });
  try {
    await client.admin().connect({ signal });
    return await work(client);
  } catch (error) {
    throw isSluiceError(error) && !signal.aborted ? await withSuggestion(error, client) : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    await client.close({ timeoutMs: signal.aborted ? stoppedTimeoutMs : closeTimeoutMs });
  }
}

function timeouts(timeoutMs: number): { readonly requestTimeoutMs: number; readonly connectTimeoutMs: number } {
  return { requestTimeoutMs: timeoutMs, connectTimeoutMs: Math.min(timeoutMs, connectTimeoutMsMax) };
}

/** What the client logs, a line each on standard error. */
function verboseLogger({ stderr }: CommandContext): Logger {
  const at =
    (level: string) =>
    (object: object, message?: string): void => {
      const { error, ...fields } = object as { readonly error?: unknown };
      const reason = error instanceof Error ? ` (${error.message})` : "";
      void stderr.write(`${level}: ${message ?? ""}${reason} ${JSON.stringify(fields)}\n`);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

async function withSuggestion(error: SluiceError, client: Sluice): Promise<Error> {
  const { topic, group } = error.details;
  const isTopic = error.code === "UNKNOWN_TOPIC" && typeof topic === "string";
  const isGroup = error.code === "UNKNOWN_GROUP" && typeof group === "string";
  if (!isTopic && !isGroup) return error;
  try {
    const admin = client.admin();
    const options = { signal: AbortSignal.timeout(suggestTimeoutMs) };
    const names = isTopic
      ? await admin.listTopics(options)
      : (await admin.listGroups(options)).groups.map(({ groupId }) => groupId);
    const near = nearestNames(String(isTopic ? topic : group), names);
    return near.length === 0
      ? error
      : new AdvisedError(error, `Did you mean ${near.map((name) => `'${name}'`).join(" or ")}?`);
  } catch {
    return error; // Nothing more to say about it than it says itself.
  }
}
