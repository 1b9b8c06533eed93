/**
 * Leader of the bare pipeline: checks the CRC of every batch, appends it with writev, feeds it to every follower, and
 * answers its id once all of them have it. One writev is in flight; what arrives meanwhile goes into the next.
 *
 * Runs as a child process: argv is FILE REPLICATION_FACTOR os|always WINDOW_BYTES. It sends `ready` with its port and
 * `following` for every follower.
 */

import { closeSync, fdatasync, openSync, writev } from "node:fs";
import { crc32c } from "@node-rs/crc32";
import { reportAndExitOnStop, sendToParent } from "../child-messages.js";
import { type BareServerCall, serveBare } from "./bare-wire.js";

interface Append {
  readonly bytes: Buffer;
  /** Log end once it is appended. */
  readonly end: number;
}

interface Waiting {
  readonly call: BareServerCall;
  readonly id: Buffer;
  readonly end: number;
}

interface Follower {
  readonly call: BareServerCall;
  /** Index in `sent` of what it is fed next. */
  next: number;
  acknowledged: number;
  blocked: boolean;
}

const [file = "", factor = "1", flush = "os", window = "0"] = process.argv.slice(2);
const replicationFactor = Number(factor);
const fd = openSync(file, "w");

/** Stands for the page cache: what some follower has not been fed yet. */
const sent: (Buffer | undefined)[] = [];
const waiting: Waiting[] = [];
const followers = new Set<Follower>();
let queue: Append[] = [];
let logEnd = 0;
let flushedEnd = 0;
let trimmed = 0;
let isWriting = false;

function highWatermark(): number {
  if (followers.size < replicationFactor - 1) return 0;
  let lowest = flushedEnd;
  for (const follower of followers) lowest = Math.min(lowest, follower.acknowledged);
  return lowest;
}

function answer(): void {
  const mark = highWatermark();
  for (let first = waiting[0]; first !== undefined && first.end <= mark; first = waiting[0]) {
    waiting.shift();
    first.call.write(first.id);
  }
}

function write(): void {
  if (isWriting || queue.length === 0) return;
  isWriting = true;
  const group = queue;
  queue = [];
  const done = (error: Error | null): void => {
    if (error !== null) throw error;
    flushedEnd = group.at(-1)?.end ?? flushedEnd;
    isWriting = false;
    answer();
    for (const follower of followers) feed(follower);
    write();
  };
  const buffers = group.map((append) => append.bytes);
  writev(fd, buffers, (error) => (error === null && flush === "always" ? fdatasync(fd, done) : done(error)));
}

function feed(follower: Follower): void {
  while (!follower.blocked && follower.next < sent.length) {
    const bytes = sent[follower.next++];
    if (bytes === undefined || follower.call.write(bytes)) continue;
    follower.blocked = true;
    follower.call.once("drain", () => {
      follower.blocked = false;
      feed(follower);
    });
  }
  const lowest = Math.min(...[...followers].map((each) => each.next));
  for (; trimmed < lowest; trimmed++) sent[trimmed] = undefined;
}

function produce(call: BareServerCall): void {
  call.on("data", (message: Buffer) => {
    const id = message.subarray(0, 4);
    const bytes = message.subarray(4);
    crc32c(bytes);
    logEnd += bytes.length;
    queue.push({ bytes, end: logEnd });
    waiting.push({ call, id, end: logEnd });
    if (replicationFactor > 1) sent.push(bytes);
    write();
  });
  call.on("end", () => call.end());
  call.on("error", () => call.destroy());
}

function replicate(call: BareServerCall): void {
  const follower: Follower = { call, next: 0, acknowledged: 0, blocked: false };
  followers.add(follower);
  sendToParent({ type: "following" });
  call.on("data", (message: Buffer) => {
    follower.acknowledged = Number(message.readBigUInt64BE(0));
    answer();
    feed(follower);
  });
  call.on("end", () => call.end());
  call.on("error", () => call.destroy());
}

const port = await serveBare(Number(window), { produce, replicate });
reportAndExitOnStop(() => closeSync(fd));
sendToParent({ type: "ready", port });
