/**
 * Follower of the bare pipeline: appends what the leader sends, and answers its own log end, which is the acknowledgement.
 *
 * Runs as a child process: argv is LEADER_PORT FILE os|always.
 */

import { closeSync, fdatasync, openSync, writev } from "node:fs";
import { crc32c } from "@node-rs/crc32";
import { reportAndExitOnStop, sendToParent } from "../child-messages.js";
import { openBareStream } from "./bare-wire.js";

const [leaderPort = "", file = "", flush = "os"] = process.argv.slice(2);
const fd = openSync(file, "w");
const call = openBareStream(Number(leaderPort), "replicate");
let queue: Buffer[] = [];
let logEnd = 0;
let isWriting = false;

function acknowledge(): void {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(logEnd));
  call.write(bytes);
}

function write(): void {
  if (isWriting || queue.length === 0) return;
  isWriting = true;
  const group = queue;
  queue = [];
  const done = (error: Error | null): void => {
    if (error !== null) throw error;
    for (const bytes of group) logEnd += bytes.length;
    acknowledge();
    isWriting = false;
    write();
  };
  writev(fd, group, (error) => (error === null && flush === "always" ? fdatasync(fd, done) : done(error)));
}

call.on("data", (bytes: Buffer) => {
  crc32c(bytes);
  queue.push(bytes);
  write();
});
// The leader was stopped first: nothing is left to follow, and the parent asks for the report.
call.on("error", () => call.destroy());
acknowledge();
reportAndExitOnStop(() => closeSync(fd));
sendToParent({ type: "ready", port: 0 });
