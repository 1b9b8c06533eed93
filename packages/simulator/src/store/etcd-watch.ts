/**
 * One watch of one client. It tells every change from its revision on, in order and without a gap, each after a delay; several at
 * once where they came while it was slow. Where the history is gone it ends with REVISION_COMPACTED.
 */

import type { StoreChange, Watch, WatchListener } from "@sluice/coordination";
import { SluiceError } from "@sluice/model";
import type { SimulatedProcess } from "../kernel/simulated-process.js";
import type { Link } from "../network/link.js";
import { eventsUnder, type SimulatedEtcd } from "./simulated-etcd.js";

export interface EtcdWatchOptions {
  readonly prefix: string;
  readonly fromRevision: number;
  readonly listener: WatchListener;
}

export interface EtcdWatchDependencies {
  readonly etcd: SimulatedEtcd;
  readonly process: SimulatedProcess;
  readonly toEtcd: Link;
  readonly fromEtcd: Link;
}

export class EtcdWatch implements Watch {
  readonly #options: EtcdWatchOptions;
  readonly #dependencies: EtcdWatchDependencies;
  readonly #onOver: () => void;
  #nextRevision: number;
  /** An answer is under way: the next one waits for it, so that they stay in order. */
  #isSending = false;
  #isRegistered = false;
  #isOver = false;

  constructor(options: EtcdWatchOptions, dependencies: EtcdWatchDependencies, onOver: () => void) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#onOver = onOver;
    this.#nextRevision = options.fromRevision;
  }

  start(): void {
    const { etcd, toEtcd } = this.#dependencies;
    toEtcd.transmit(() =>
      etcd.whenServing(() => {
        if (this.#isOver) return;
        this.#isRegistered = true;
        etcd.addWatch(this);
        this.changed();
      }),
    );
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#dependencies.etcd.removeWatch(this);
    this.#onOver();
  }

  /** The connection is gone: the listener is told, in its process. */
  end(error: SluiceError): void {
    if (this.#isOver) return;
    this.cancel();
    this.#dependencies.process.schedule(0, () => this.#options.listener.onError(error));
  }

  /** The server ends it. */
  ended(error: SluiceError): void {
    const { fromEtcd } = this.#dependencies;
    fromEtcd.transmit(() => this.end(error));
  }

  /** There may be something to tell. Called by the server. */
  changed(): void {
    if (this.#isSending || this.#isOver || !this.#isRegistered) return;
    const { etcd, process, fromEtcd } = this.#dependencies;
    const { state } = etcd;
    if (this.#nextRevision > state.revision) return;
    this.#isSending = true;
    fromEtcd.transmit(() => {
      this.#isSending = false;
      if (this.#isOver || process.isDead) return;
      const changes = etcd.state.changesFrom(this.#nextRevision);
      if (changes === undefined) this.end(this.#compacted(etcd));
      else process.enter(() => this.#tell(changes));
      this.changed();
    });
  }

  #tell(changes: readonly StoreChange[]): void {
    for (const change of changes) {
      if (this.#isOver) return;
      if (change.revision < this.#nextRevision) continue;
      this.#nextRevision = change.revision + 1;
      const events = eventsUnder(this.#options.prefix, change);
      if (events.length > 0) this.#options.listener.onChange(change.revision, events);
    }
  }

  #compacted(etcd: SimulatedEtcd): SluiceError {
    const { oldestWatchableRevision: oldest } = etcd.state;
    return new SluiceError("REVISION_COMPACTED", { revision: this.#nextRevision, oldest });
  }
}
