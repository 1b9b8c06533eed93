/** `sluice cheat`: the commands of a day, to be copied. */

import type { Command } from "commander";
import type { CommandContext } from "../command-context.js";

const text = `A cluster
  sluice dev                                            three brokers here, for trying things out
  sluice context create prod --brokers a:9092,b:9092    a name for a cluster
  sluice context use prod                               the one that commands ask from now on
  sluice cluster health                                 exit code 3 where something is wrong
  sluice doctor                                         what is wrong, and what to do

Topics
  sluice topic create orders --partitions 6 --config retention.ms=86400000
  sluice topic list -o wide
  sluice topic describe orders
  sluice topic alter orders --set retention.ms=3600000 --dry-run
  sluice topic trim orders --before -1h

Records
  echo '{"id":1}' | sluice produce orders --format ndjson --key-field id
  sluice produce orders --file big.csv --format csv --rate 1k/s
  sluice consume orders --from -10                      the last ten of each partition
  sluice consume orders --follow --grep 'ann'           as they come
  sluice consume orders --from -1h -f '%d %k %v\\n'      of the last hour, in a format of your own

Groups
  sluice group list
  sluice group lag billing --watch
  sluice group reset billing --topic orders --to -1h                what it would do
  sluice group reset billing --topic orders --to -1h --execute      do it
  sluice group export billing > offsets.csv
  sluice group import billing --file offsets.csv --execute

For scripts
  -o json on every command; --yes where it would ask; exit codes 0 ok, 1 failed, 2 usage, 3 unhealthy, 4 no answer in time
`;

export function configure(command: Command, context: CommandContext): void {
  command.action(async () => {
    await context.stdout.write(text);
  });
}
