/**
 * Closing on a signal: the edge of the process, and nothing of the client touches `process` but this and `stderr-logger`.
 *
 * All clients of a process that close on a signal do so together. Once they have, the signal is sent again, so that the
 * process ends as if nobody had listened; a program with a listener of its own ends when it likes. A second signal while
 * they close ends the process at once.
 */

/** The part of `process` that is needed. */
export interface SignalSource {
  readonly pid: number;
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
  listenerCount(signal: NodeJS.Signals): number;
  kill(pid: number, signal: NodeJS.Signals): unknown;
}

export class ProcessSignals {
  readonly #source: SignalSource;
  readonly #watched = new Map<NodeJS.Signals, { readonly closers: Set<() => Promise<void>>; stop(): void }>();

  constructor(source: SignalSource) {
    this.#source = source;
  }

  /**
   * Calls `close` when one of the signals comes, once. Disposing of what is returned forgets that.
   * @param close never rejects.
   */
  closeOn(signals: readonly NodeJS.Signals[], close: () => Promise<void>): Disposable {
    // One function a call: the same client may be given twice, and is forgotten once for each.
    const closer = (): Promise<void> => close();
    for (const signal of signals) this.#watch(signal).add(closer);
    return { [Symbol.dispose]: () => this.#forget(signals, closer) };
  }

  #watch(signal: NodeJS.Signals): Set<() => Promise<void>> {
    const known = this.#watched.get(signal);
    if (known !== undefined) return known.closers;
    const listener = (): void => void this.#received(signal);
    const closers = new Set<() => Promise<void>>();
    this.#source.on(signal, listener);
    this.#watched.set(signal, { closers, stop: () => this.#source.off(signal, listener) });
    return closers;
  }

  #forget(signals: readonly NodeJS.Signals[], closer: () => Promise<void>): void {
    for (const signal of signals) {
      const watched = this.#watched.get(signal);
      if (watched?.closers.delete(closer) !== true || watched.closers.size > 0) continue;
      watched.stop();
      this.#watched.delete(signal);
    }
  }

  async #received(signal: NodeJS.Signals): Promise<void> {
    const watched = this.#watched.get(signal);
    if (watched === undefined) return;
    this.#watched.delete(signal);
    watched.stop();
    await Promise.all([...watched.closers].map((close) => close()));
    if (this.#source.listenerCount(signal) === 0) this.#source.kill(this.#source.pid, signal);
  }
}

/** Those of this process. */
export const processSignals = new ProcessSignals(process);
