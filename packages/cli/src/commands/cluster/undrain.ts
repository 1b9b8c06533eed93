/** `sluice cluster undrain`: lets replicas be placed on a broker again. Nothing moves by itself: `sluice cluster balance` does that. */

import type { Command } from "commander";
import type { CommandContext } from "../../command-context.js";
import { brokerId, type ClusterOptions, isForPrograms, withClusterOptions } from "../../command-options.js";
import { say } from "../../print-answer.js";
import { printJson } from "../../print-json.js";
import { withClient } from "../../with-client.js";

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("<broker>", "id of the broker", brokerId)
    .action((broker: number, options: ClusterOptions) => undrain(broker, options, context));
}

async function undrain(broker: number, options: ClusterOptions, context: CommandContext): Promise<void> {
  await withClient(options, context, (client) => client.admin().setBrokerDrained({ brokerId: broker, drained: false }));
  if (isForPrograms(options)) return printJson(context, { broker, drained: false }, options);
  await say(context, options, `Broker ${broker} takes replicas again. 'sluice cluster balance' moves some to it.\n`);
}
