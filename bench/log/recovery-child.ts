/**
 * Fills a log and waits to be killed: argv is DIRECTORY BYTES BATCH_BYTES. The log has one segment and flush=os, so nothing of
 * it counts as durable. It sends `ready` once all is written.
 */

import { sendToParent } from "../child-messages.js";
import { appendWritten, batchesOfBytes, openDirectory, openPartition } from "./log-under-test.js";

const [directory = "", bytes = "0", batchBytes = "0"] = process.argv.slice(2);
const batchSize = Number(batchBytes);

const logs = await openDirectory(directory);
const log = await openPartition(logs, 0, { flush: "os", "segment.bytes": 0x7fffffff });
await appendWritten(log, batchesOfBytes(256, batchSize), Math.floor(Number(bytes) / batchSize));
process.on("disconnect", () => process.exit(0));
sendToParent({ type: "ready", port: 0 });
