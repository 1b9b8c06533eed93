/** Opens a client for the time of one command. */

import type { Sluice } from "@sluice/client";
import type { CommandContext } from "./command-context.js";
import { brokersOf, type ClusterOptions } from "./command-options.js";

/** Most milliseconds that closing may take: a command that was stopped must end. */
const closeTimeoutMs = 5000;

/**
 * Runs `work` with a client, and closes the client whatever happens.
 *
 * When the command is asked to stop, what it asked for is broken off at once, unless `finishesItself`: then `work` looks at the signal.
 * @throws SluiceError at once where no broker answers: a person waits, and what reads would try again for long
 */
export async function withClient<Result>(
  options: ClusterOptions,
  context: CommandContext,
  work: (client: Sluice) => Promise<Result>,
  { finishesItself = false }: { readonly finishesItself?: boolean } = {},
): Promise<Result> {
  const { signal } = context;
  // Loaded here, and gRPC with it, so that help and errors of usage need not wait for them.
  const { Sluice: Client } = await import("@sluice/client");
  const client = new Client({ brokers: brokersOf(options, context), clientId: "sluice-cli" });
  const onAbort = (): void => void client.close({ timeoutMs: 0 });
  if (!finishesItself) signal.addEventListener("abort", onAbort, { once: true });
  try {
    await client.admin().connect({ signal });
    return await work(client);
  } finally {
    signal.removeEventListener("abort", onAbort);
    await client.close({ timeoutMs: closeTimeoutMs });
  }
}
