/**
 * Works on several messages of one partition at the same time, each with another key (`keyConcurrency`).
 *
 * Messages of one key are processed one after the other, in their order; a message without a key is a lane of its own. Only
 * what is processed without a gap is marked processed, so no commit passes a message that is not. At most `windowMax`
 * messages are taken ahead of the first that is not processed: that bounds memory, and what comes again after a crash.
 *
 * The partition is this one's as long as any handler runs. It goes from chunk to chunk, unless another partition waits for
 * a worker: then it takes nothing more, and gives the partition back when everything in hand is done.
 */

import { type SluiceError, toSluiceError } from "@sluice/model";
import type { FetchedPartition } from "./fetched-partition.js";
import type { Fetcher } from "./fetcher.js";
import type { HandlerCalls, Outcome, RunContext, Work } from "./handler-calls.js";
import type { Message } from "./message.js";
import { Turn } from "./message-work.js";
import { type SlotHold, Slots } from "./slots.js";

/** A message that is taken, or the end of a chunk. */
interface Entry {
  /** Where the partition is once this and all before it are processed. */
  readonly nextOffset: number;
  readonly leaderEpoch: number;
  isDone: boolean;
}

interface Task {
  readonly message: Message;
  readonly entry: Entry;
}

const windowMin = 1000;

export class KeyedWork {
  readonly #partition: FetchedPartition;
  readonly #version: number;
  readonly #hold: SlotHold;
  readonly #context: RunContext;
  readonly #calls: HandlerCalls;
  readonly #fetcher: Fetcher;
  readonly #slots: Slots;
  readonly #othersWait: () => boolean;
  readonly #windowMax: number;
  /** Taken and not committable yet, in the order of the partition. */
  #window: Entry[] = [];
  /** By key: what is not begun. A lane that is not here has nothing under way. */
  readonly #lanes = new Map<string, Task[]>();
  /** Keys that may begin their next message. */
  #ready: string[] = [];
  #nextKeyless = 0;
  #underWay = 0;
  #waiting = 0;
  #hasTaken = false;
  /** Nothing more is begun. */
  #isOver = false;
  readonly #work: Work;
  /** Why the partition cannot be read on. */
  #unreadable: SluiceError | undefined;

  /** @param dependencies.othersWait true: another partition could be worked on, and there is nobody to do it. */
  constructor(
    partition: FetchedPartition,
    hold: SlotHold,
    dependencies: {
      readonly context: RunContext;
      readonly calls: HandlerCalls;
      readonly othersWait: () => boolean;
    },
  ) {
    this.#partition = partition;
    this.#version = partition.version;
    this.#hold = hold;
    this.#context = dependencies.context;
    this.#calls = dependencies.calls;
    this.#othersWait = dependencies.othersWait;
    this.#fetcher = dependencies.context.reading.fetcher;
    const { keyConcurrency } = dependencies.context.settings;
    this.#slots = new Slots(keyConcurrency);
    this.#windowMax = Math.max(windowMin, 2 * keyConcurrency);
    this.#work = {
      partition,
      version: partition.version,
      onWaiting: () => this.#waitBegan(),
      onWaited: () => this.#waitEnded(),
    };
  }

  /** Resolves when the partition is given back. Never rejects: what ends the run is told to `context.fail`. */
  async run(): Promise<void> {
    const { changed } = this.#fetcher;
    const turn = new Turn(this.#context.reading.clock);
    try {
      while (!this.#isEnding()) {
        const hasTaken = this.#takeOne();
        this.#pump();
        if (hasTaken) {
          const turned = turn.maybeEnd();
          if (turned !== undefined) await turned;
          continue;
        }
        if (this.#window.length === 0) break;
        this.#maybeLend();
        await changed.next();
      }
    } catch (error) {
      this.#context.fail(error);
    }
    this.#isOver = true;
    // Whatever is under way is heard out: until then nobody else may have the partition.
    while (this.#underWay > 0) await changed.next();
    this.#giveBack();
  }

  /** Everything under way waits for its next try: somebody else may work meanwhile. */
  #maybeLend(): void {
    const waitsOnly = this.#waiting > 0 && this.#underWay === this.#waiting && this.#ready.length === 0;
    if (!waitsOnly || !this.#hold.isHeld) return;
    this.#hold.lend();
    this.#fetcher.changed.wake();
  }

  #waitBegan(): void {
    this.#waiting++;
    this.#slots.release();
    this.#pump();
    this.#fetcher.changed.wake();
  }

  async #waitEnded(): Promise<void> {
    // First: what is given back to it now must not be lent again.
    this.#waiting--;
    await this.#hold.regain();
    await this.#slots.acquire();
  }

  #isEnding(): boolean {
    return this.#isOver || this.#partition.isPaused || this.#calls.isStale(this.#work);
  }

  /** False: nothing can be taken at present. */
  #takeOne(): boolean {
    const partition = this.#partition;
    const chunk = partition.firstChunk;
    if (chunk === undefined || this.#window.length >= this.#windowMax) return false;
    if (!chunk.isBegun && this.#hasTaken && this.#othersWait()) return false;
    this.#hasTaken = true;
    let message: Message | undefined;
    try {
      message = chunk.next();
    } catch (error) {
      this.#unreadable = toSluiceError(error);
      this.#isOver = true;
      this.#context.fail(error);
      return false;
    }
    if (message === undefined) {
      this.#window.push({ nextOffset: chunk.nextOffset, leaderEpoch: chunk.lastLeaderEpoch, isDone: true });
      this.#fetcher.advance(partition);
      this.#settle();
      return true;
    }
    partition.gaveOut(message);
    const entry = { nextOffset: message.offset + 1, leaderEpoch: message.leaderEpoch, isDone: false };
    this.#window.push(entry);
    this.#queue({ message, entry });
    return true;
  }

  #queue(task: Task): void {
    const { key } = task.message.raw;
    const lane = key === null ? `-${this.#nextKeyless++}` : `+${key.toString("latin1")}`;
    const queued = this.#lanes.get(lane);
    if (queued !== undefined) {
      queued.push(task);
      return;
    }
    this.#lanes.set(lane, [task]);
    this.#ready.push(lane);
  }

  /** Begins what can be begun. */
  #pump(): void {
    while (!this.#isEnding() && this.#ready.length > 0) {
      if (!this.#hold.isHeld) {
        void this.#hold.regain().then(() => this.#fetcher.changed.wake());
        return;
      }
      if (!this.#slots.tryAcquire()) return;
      const lane = this.#ready.shift() as string;
      this.#begin(lane, (this.#lanes.get(lane) as Task[])[0] as Task);
    }
  }

  #begin(lane: string, task: Task): void {
    this.#underWay++;
    let outcome: Promise<Outcome> | undefined;
    try {
      outcome = this.#calls.message(task.message, this.#work);
    } catch (error) {
      outcome = Promise.reject(error as Error);
    }
    // One turn of the microtask queue even for what is done already: handlers that never wait must not nest.
    (outcome ?? Promise.resolve("processed" as const)).then(
      (how) => this.#ended(lane, task, how),
      (error: unknown) => {
        this.#context.fail(error);
        this.#ended(lane, task, "abandoned");
      },
    );
  }

  #ended(lane: string, task: Task, outcome: Outcome): void {
    this.#underWay--;
    this.#slots.release();
    if (outcome === "processed") {
      task.entry.isDone = true;
      this.#settle();
      const queued = this.#lanes.get(lane) as Task[];
      queued.shift();
      if (queued.length > 0) this.#ready.push(lane);
      else this.#lanes.delete(lane);
      this.#pump();
    } else this.#isOver = true;
    this.#fetcher.changed.wake();
  }

  /** Marks as processed what is done without a gap. */
  #settle(): void {
    let count = 0;
    let last: Entry | undefined;
    for (const entry of this.#window) {
      if (!entry.isDone) break;
      count++;
      last = entry;
    }
    if (last === undefined) return;
    this.#window.splice(0, count);
    if (this.#partition.version !== this.#version) return;
    // A message that was committed by hand says the same of all before it: that is not taken back.
    if ((this.#partition.processed ?? 0) >= last.nextOffset) return;
    this.#partition.markProcessed(last.nextOffset, last.leaderEpoch);
  }

  #giveBack(): void {
    const partition = this.#partition;
    const isCurrent = partition.version === this.#version && !partition.isRemoved;
    // What is taken and not processed is fetched again by whoever goes on. The first of the window is not done.
    const [first] = this.#window;
    if (isCurrent && first !== undefined) this.#fetcher.seek(partition, first.nextOffset - 1);
    if (isCurrent && first === undefined && this.#unreadable !== undefined)
      this.#fetcher.fail(partition, this.#unreadable);
    else this.#fetcher.release(partition, { isFinished: false });
  }
}
