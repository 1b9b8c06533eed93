/**
 * The broker that coordinates one group: found when it is first needed, and again after it moved.
 */

import { type BrokerAddress, SluiceError, type UnaryMethod } from "@sluice/model";
import { groupsService } from "@sluice/protocol";
import type { Cancellable } from "./cancellation.js";
import type { ClientDependencies } from "./client-dependencies.js";
import { isRetriableRefusal, withRetries } from "./retry-policy.js";

export class GroupCoordinator {
  readonly group: string;
  readonly #dependencies: ClientDependencies;
  #address: BrokerAddress | undefined;

  constructor(group: string, dependencies: ClientDependencies) {
    this.group = group;
    this.#dependencies = dependencies;
  }

  /**
   * Asks the coordinator, and again where it moved, is loading or cannot be reached, within the request timeout.
   * @param options.isIdempotent doing it twice is the same as once, so that a lost answer is asked for again.
   * @throws SluiceError what the coordinator answered, BROKER_UNREACHABLE, CANCELLED
   */
  call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: Cancellable & { readonly isIdempotent: boolean },
  ): Promise<Response> {
    const { clock, policy, requestTimeoutMs, connections } = this.#dependencies;
    return withRetries(
      async () => {
        const address = await this.find(options);
        return await connections.call(address, method, request, options);
      },
      {
        clock,
        policy,
        timeoutMs: requestTimeoutMs,
        signal: options.signal,
        isWorthRetry: (error) => isWorthRetry(error, options.isIdempotent),
        onRetry: () => this.forget(),
      },
    );
  }

  /**
   * Where the coordinator is.
   * @throws SluiceError COORDINATOR_LOADING where there is none at present; BROKER_UNREACHABLE, INVALID_GROUP_NAME ...
   */
  async find(options: Cancellable = {}): Promise<BrokerAddress> {
    if (this.#address !== undefined) return this.#address;
    const { connections, metadata } = this.#dependencies;
    const { group } = this;
    const response = await connections.callAny(groupsService.findCoordinator, { group }, options);
    if (response.brokerIdPlusOne === 0) throw new SluiceError("COORDINATOR_LOADING", { group });
    const id = response.brokerIdPlusOne - 1;
    if (metadata.broker(id) === undefined) await metadata.describe([], options);
    const broker = metadata.broker(id);
    if (broker === undefined) throw new SluiceError("COORDINATOR_LOADING", { group });
    this.#address = broker.address;
    return broker.address;
  }

  /** The address is of no more use. */
  forget(): void {
    this.#address = undefined;
  }
}

function isWorthRetry(error: SluiceError, isIdempotent: boolean): boolean {
  if (error.code === "STALE_GENERATION") return false; // For the caller to look at: it has a new assignment, or soon will.
  // The coordinator itself gives out the partitions of topics: one that it does not know is gone.
  if (error.code === "UNKNOWN_TOPIC" || error.code === "UNKNOWN_PARTITION") return false;
  if (isIdempotent) return error.retriable;
  // A connection that breaks looks like one that was never made: the request may have been carried out.
  return isRetriableRefusal(error) && error.code !== "BROKER_UNREACHABLE";
}
