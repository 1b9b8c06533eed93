/**
 * How an admin asks brokers.
 *
 * What only reads is asked of one broker after the other. What changes something is asked of a broker that has just answered,
 * and of no other, because it may be done although its answer is lost; it is asked again only where it was refused for a moment.
 */

import { SluiceError, type UnaryMethod } from "@sluice/model";
import type { Cancellable } from "../cancellation.js";
import type { ClientDependencies } from "../client-dependencies.js";
import type { ClusterMetadata } from "../cluster-metadata.js";
import { withRetries } from "../retry-policy.js";
import { awaitAnswer } from "./await-answer.js";

/** Refusals that pass by themselves soon. A full disk is not one of them. */
const refusedForAMoment: ReadonlySet<string> = new Set([
  "STORE_CONFLICT",
  "RESOURCE_EXHAUSTED",
  "BROKER_FENCED",
  "NOT_LEADER",
  "LEADER_NOT_AVAILABLE",
]);

export class AdminCalls {
  readonly dependencies: ClientDependencies;
  #isClosed = false;

  constructor(dependencies: ClientDependencies) {
    this.dependencies = dependencies;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** @throws SluiceError CLOSED */
  checkOpen(): void {
    if (this.#isClosed) throw new SluiceError("CLOSED", { subject: "The admin" });
  }

  /** As `MetadataCache.describe`. @throws SluiceError CLOSED, UNKNOWN_TOPIC, BROKER_UNREACHABLE, WRONG_PORT */
  async describe(topics: readonly string[] | undefined, options: Cancellable): Promise<ClusterMetadata> {
    this.checkOpen();
    const { metadata } = this.dependencies;
    return await awaitAnswer(() => metadata.describe(topics, options), this.dependencies, options);
  }

  /** Asks any broker for what only reads. @throws SluiceError CLOSED, BROKER_UNREACHABLE, WRONG_PORT, and what it answers */
  async callAny<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: Cancellable,
  ): Promise<Response> {
    this.checkOpen();
    const { connections, requestTimeoutMs: timeoutMs } = this.dependencies;
    const ask = (): Promise<Response> => connections.callAny(method, request, { ...options, timeoutMs });
    return await awaitAnswer(ask, this.dependencies, options);
  }

  /** Sees to it that the next `callOnce` goes to a broker that answers. @throws SluiceError CLOSED, BROKER_UNREACHABLE, WRONG_PORT */
  async findBroker(options: Cancellable): Promise<void> {
    await this.describe([], options);
  }

  /** Asks the broker that answered last for what changes something. @throws SluiceError CLOSED, and what it answers */
  callOnce<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: Cancellable,
  ): Promise<Response> {
    this.checkOpen();
    const { connections, clock, policy, requestTimeoutMs: timeoutMs } = this.dependencies;
    const { signal } = options;
    return withRetries(() => connections.callAny(method, request, { signal, timeoutMs, isIdempotent: false }), {
      clock,
      policy,
      timeoutMs,
      signal,
      isWorthRetry: ({ code }) => refusedForAMoment.has(code),
    });
  }
}
