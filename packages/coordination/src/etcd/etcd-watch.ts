/**
 * One watch of etcd, on a connection of its own: a listing on its way, or a stalled call, must not hold up what it tells.
 *
 * It counts its revisions itself. The first interruption of any kind ends it, and the listener lists again before any later event
 * counts (P25, P26): a connection that is opened again by itself can skip events and not know it.
 */

import { type Clock, SluiceError, type Timer } from "@sluice/model";
import type { IDuplexStream, IEvent, IWatchRequest, IWatchResponse } from "etcd3";
import { castGrpcErrorMessage } from "etcd3";
import type { StoreEvent, Watch, WatchListener } from "../cluster-store.js";
import type { EtcdCodec } from "./etcd-codec.js";
import { storeError } from "./etcd-errors.js";
import type { EtcdMember } from "./etcd-member.js";
import { marksPrefix } from "./transaction-marks.js";

export interface EtcdWatchOptions {
  readonly prefix: string;
  readonly fromRevision: number;
  readonly listener: WatchListener;
  /** Within so long etcd has to say that the watch is there, in milliseconds. */
  readonly callTimeoutMs: number;
  /** The watch is over. An error: and not because it was cancelled. */
  readonly onOver: (error: SluiceError | undefined) => void;
}

export interface EtcdWatchDependencies {
  /** A connection for this watch, which closes it at its end. */
  readonly member: EtcdMember;
  readonly codec: EtcdCodec;
  readonly clock: Clock;
}

type WatchStream = IDuplexStream<IWatchRequest, IWatchResponse>;

export class EtcdWatch implements Watch {
  readonly #options: EtcdWatchOptions;
  readonly #member: EtcdMember;
  readonly #codec: EtcdCodec;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  /** The first revision that the listener has not been told of. */
  #nextRevision: number;
  #stream: WatchStream | undefined;
  #isOver = false;

  constructor(options: EtcdWatchOptions, dependencies: EtcdWatchDependencies) {
    this.#options = options;
    this.#member = dependencies.member;
    this.#codec = dependencies.codec;
    this.#clock = dependencies.clock;
    this.#nextRevision = options.fromRevision;
  }

  /** Called once. The listener is told nothing before this returns. */
  start(): void {
    const { callTimeoutMs } = this.#options;
    this.#timer = this.#clock.setTimer(callTimeoutMs, () => {
      this.fail(this.#unavailable(`no watch within ${callTimeoutMs} ms`));
    });
    this.#member.openWatch().then(
      (stream) => this.#opened(stream),
      (error: Error) => this.fail(storeError(error, this.#member.endpoint)),
    );
  }

  cancel(): void {
    this.#end(undefined);
  }

  /** Ends the watch and tells the listener why. Nothing happens when it is over. */
  fail(error: SluiceError): void {
    if (this.#isOver) return;
    this.#end(error);
    this.#options.listener.onError(error);
  }

  #opened(stream: WatchStream): void {
    // Also after the end: an error without a listener would end the process.
    stream.on("error", (error) => this.fail(storeError(error, this.#member.endpoint)));
    if (this.#isOver) {
      stream.cancel();
      return;
    }
    this.#stream = stream;
    stream.on("end", () => this.fail(this.#unavailable("the stream of the watch ended")));
    stream.on("data", (response) => this.#take(response));
    const range = this.#codec.range(this.#options.prefix);
    stream.write({ create_request: { ...range, start_revision: this.#options.fromRevision } });
  }

  #take(response: IWatchResponse): void {
    if (this.#isOver) return;
    if (response.canceled) {
      this.fail(this.#reasonOf(response));
      return;
    }
    if (response.created) this.#timer?.cancel();
    for (const [revision, events] of this.#byRevision(response.events)) {
      if (this.#isOver) return;
      this.#nextRevision = revision + 1;
      this.#tell(revision, events);
    }
  }

  /** Events that were not told yet, in the order of their revisions. etcd never splits a revision. */
  #byRevision(events: readonly IEvent[]): Map<number, StoreEvent[]> {
    const revisions = new Map<number, StoreEvent[]>();
    for (const received of events) {
      const revision = Number(received.kv.mod_revision);
      const event = this.#codec.event(received);
      if (revision < this.#nextRevision || isMark(event)) continue;
      const sameRevision = revisions.get(revision);
      if (sameRevision === undefined) revisions.set(revision, [event]);
      else sameRevision.push(event);
    }
    return revisions;
  }

  #tell(revision: number, events: readonly StoreEvent[]): void {
    try {
      this.#options.listener.onChange(revision, events);
    } catch (error) {
      this.#listenerFailed(error);
    }
  }

  /** The listener gets its own error back; nothing is wrong with etcd. */
  #listenerFailed(error: unknown): void {
    this.#end(undefined);
    this.#options.listener.onError(error instanceof Error ? error : new Error(String(error)));
  }

  #reasonOf({ compact_revision: oldest, cancel_reason: reason }: IWatchResponse): SluiceError {
    if (oldest !== "0") return new SluiceError("REVISION_COMPACTED", { revision: this.#nextRevision, oldest });
    return storeError(castGrpcErrorMessage(`the watch was cancelled: ${reason}`), this.#member.endpoint);
  }

  #unavailable(reason: string): SluiceError<"STORE_UNAVAILABLE"> {
    return new SluiceError("STORE_UNAVAILABLE", { endpoints: this.#member.endpoint, reason });
  }

  #end(error: SluiceError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#stream?.cancel();
    this.#member.close();
    this.#options.onOver(error);
  }
}

function isMark(event: StoreEvent): boolean {
  return (event.type === "put" ? event.entry.key : event.key).startsWith(marksPrefix);
}
