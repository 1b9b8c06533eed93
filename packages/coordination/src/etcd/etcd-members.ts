/**
 * The members of etcd, of which one is used at a time: as long as it answers.
 *
 * A member that does not answer in time, or has no leader, gives way to the next one. Brokers begin at random members, so that
 * they do not all lean on one.
 */

import { type Clock, invariant, type Random, randomBelow, type SluiceError, sleep } from "@sluice/model";
import { isMemberFailure, storeError } from "./etcd-errors.js";
import { type EtcdConnectionOptions, EtcdMember } from "./etcd-member.js";

export interface EtcdMembersOptions extends EtcdConnectionOptions {
  /** At least one. */
  readonly endpoints: readonly string[];
  /** How long a call is tried again, in milliseconds. */
  readonly patienceMs: number;
}

const retryDelayMsMin = 50;
const retryDelayMsMax = 1000;

export class EtcdMembers {
  readonly #options: EtcdMembersOptions;
  readonly #clock: Clock;
  readonly #members: EtcdMember[];
  readonly #closing = new AbortController();
  #current: number;

  constructor(options: EtcdMembersOptions, dependencies: { readonly clock: Clock; readonly random: Random }) {
    this.#options = options;
    this.#clock = dependencies.clock;
    this.#members = options.endpoints.map((endpoint) => this.#connect(endpoint));
    this.#current = randomBelow(dependencies.random, this.#members.length);
  }

  /**
   * Asks the member in use, once.
   *
   * @throws SluiceError STORE_UNAVAILABLE: whether it was carried out is not known; STORE_ACCESS_DENIED, LEASE_EXPIRED,
   *   INVALID_REQUEST
   */
  async askOnce<Answer>(call: (member: EtcdMember) => Promise<Answer>): Promise<Answer> {
    const member = this.#inUse;
    try {
      return await call(member);
    } catch (error) {
      throw this.#failed(member, error);
    }
  }

  /**
   * Asks one member after another until one answers, for as long as patience lasts. Only for what may be carried out twice.
   *
   * @throws SluiceError as `askOnce`
   */
  async ask<Answer>(
    call: (member: EtcdMember) => Promise<Answer>,
    options: { readonly patienceMs?: number } = {},
  ): Promise<Answer> {
    const retries = this.retries(options);
    for (;;) {
      try {
        return await this.askOnce(call);
      } catch (error) {
        if (!isMemberFailure(error as SluiceError) || !(await retries.next())) throw error;
      }
    }
  }

  /** Waits between the tries of one call. `next` is false when there is to be no other: patience is over, or all is closing. */
  retries({ patienceMs = this.#options.patienceMs }: { readonly patienceMs?: number } = {}): {
    next(): Promise<boolean>;
  } {
    const giveUpMs = this.#clock.monotonicMs() + patienceMs;
    let delayMs = retryDelayMsMin;
    const next = async (): Promise<boolean> => {
      // Closing ends the wait; the answer below sees why.
      await sleep(this.#clock, delayMs, this.#closing.signal).catch(() => undefined);
      delayMs = Math.min(delayMs * 2, retryDelayMsMax);
      return !this.#closing.signal.aborted && this.#clock.monotonicMs() < giveUpMs;
    };
    return { next };
  }

  /** A connection of its own to the member in use, for a watch. The caller closes it. */
  connectApart(): EtcdMember {
    return this.#connect(this.#inUse.endpoint, { isApart: true });
  }

  /** The member at that endpoint failed: the next call, or watch, goes to another, unless one has moved on already. */
  avoid(endpoint: string): void {
    if (this.#inUse.endpoint === endpoint) this.#current = (this.#current + 1) % this.#members.length;
  }

  /** No call is tried again after this. */
  stopRetrying(): void {
    this.#closing.abort();
  }

  close(): void {
    this.stopRetrying();
    for (const member of this.#members) member.close();
  }

  #connect(endpoint: string, { isApart = false } = {}): EtcdMember {
    return new EtcdMember(endpoint, { ...this.#options, sharesConnection: !isApart }, () => this.#clock.nowMs());
  }

  get #inUse(): EtcdMember {
    const member = this.#members[this.#current];
    invariant(member !== undefined, "there is no endpoint of etcd");
    return member;
  }

  #failed(member: EtcdMember, cause: unknown): SluiceError {
    const error = storeError(cause, member.endpoint);
    if (error.code === "STORE_ACCESS_DENIED") this.#reconnect(member);
    if (isMemberFailure(error)) this.avoid(member.endpoint);
    return error;
  }

  /** The token of the user may have run out, or be older than what the user may do: only a new connection logs in again. */
  #reconnect(member: EtcdMember): void {
    const index = this.#members.indexOf(member);
    // Another call has seen to it already.
    if (index === -1) return;
    this.#members[index] = this.#connect(member.endpoint);
    member.close();
  }
}
