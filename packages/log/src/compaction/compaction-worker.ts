/** Entry of the compaction thread: runs jobs that come as messages on the real disk. `compaction-thread` is its owner. */

import { parentPort } from "node:worker_threads";
import { invariant, SluiceError } from "@sluice/model";
import { NodeClock } from "@sluice/model/node";
import { prepareCompression } from "@sluice/record";
import { NodeFileSystem } from "../node-file-system.js";
import { compactSegments } from "./clean-segments.js";
import { type CompactionReply, type CompactionRequest, errorToMessage } from "./compaction-messages.js";
import { RateLimiter } from "./rate-limiter.js";

const owner = parentPort;
invariant(owner !== null, "the compaction worker runs in a thread");
const fileSystem = new NodeFileSystem();
// A timer of the thread keeps the thread alive, not the process: that is its owner's to say.
const clock = new NodeClock({ keepsProcessAlive: true });
const running = new Map<number, AbortController>();

owner.on("message", (request: CompactionRequest) => {
  if (request.type === "abort") {
    running.get(request.id)?.abort(new SluiceError("CANCELLED", { operation: "Compaction" }));
    return;
  }
  void run(request.id, request.job).then((reply) => owner.postMessage(reply));
});

async function run(id: number, job: (CompactionRequest & { type: "run" })["job"]): Promise<CompactionReply> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    await prepareCompression();
    const limiter = new RateLimiter(clock, job.bytesPerSecMax);
    const result = await compactSegments(job, { fileSystem, limiter }, controller.signal);
    return { type: "done", id, result };
  } catch (error) {
    return { type: "failed", id, error: errorToMessage(error) };
  } finally {
    running.delete(id);
  }
}
