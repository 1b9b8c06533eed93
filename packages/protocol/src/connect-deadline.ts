/**
 * Gives up on a connection that is not made in time. grpc-js waits for ever where the other side accepts and then is silent.
 *
 * Armed by each call that finds no connection; it keeps one timer, and none once the channel is connected, failing or closed.
 */

import { type ChannelInterface, connectivityState } from "@grpc/grpc-js";

export class ConnectDeadline {
  readonly #channel: ChannelInterface;
  readonly #timeoutMs: number;
  readonly #onExpired: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { readonly timeoutMs: number; readonly onExpired: () => void }, channel: ChannelInterface) {
    this.#channel = channel;
    this.#timeoutMs = options.timeoutMs;
    this.#onExpired = options.onExpired;
  }

  /** To be called after a call was made. */
  arm(): void {
    if (this.#timer !== undefined || !this.#isConnecting()) return;
    const timer = setTimeout(() => this.#expire(), this.#timeoutMs);
    timer.unref();
    this.#timer = timer;
    this.#watch(timer);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #watch(timer: NodeJS.Timeout): void {
    const state = this.#channel.getConnectivityState(false);
    this.#channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
      // An earlier wait, which is over.
      if (this.#timer !== timer) return;
      if (this.#isConnecting()) this.#watch(timer);
      else this.cancel();
    });
  }

  #isConnecting(): boolean {
    const state = this.#channel.getConnectivityState(false);
    return state === connectivityState.CONNECTING || state === connectivityState.IDLE;
  }

  #expire(): void {
    this.cancel();
    this.#onExpired();
  }
}
