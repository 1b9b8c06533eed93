/**
 * Opens a directory with all its partitions and says how long that took and what memory it needed: argv is DIRECTORY
 * PARTITIONS. It closes everything in order, so that the next one finds a clean directory again.
 */

import { nativeCrc32cLoaded } from "@sluice/record";
import { processCost, reportAndExitOnStop, sendToParent } from "../child-messages.js";
import { openDirectory, openPartition } from "./log-under-test.js";

/** As many at once as a broker opens. */
const opensAtOnce = 32;

const [directory = "", partitions = "0"] = process.argv.slice(2);

await nativeCrc32cLoaded;
const startedMs = performance.now();
const logs = await openDirectory(directory);
if (!logs.wasClean) throw new Error("the directory was not closed in order");
let next = 0;
const openSome = async (): Promise<void> => {
  while (next < Number(partitions)) await openPartition(logs, next++, { flush: "os" });
};
await Promise.all(Array.from({ length: opensAtOnce }, openSome));
const seconds = (performance.now() - startedMs) / 1000;
// Not the largest: in a child that counts what its parent had when it was forked.
const { rssBytes } = processCost();
await logs.close();
reportAndExitOnStop(() => undefined);
sendToParent({ type: "opened", seconds, rssBytes });
