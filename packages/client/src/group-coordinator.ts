/**
 * The broker that coordinates one group: found when it is first needed, and again after it moved.
 *
 * A coordinator leads a partition of the offsets topic, so a broker that leads less of that topic than before may coordinate
 * the group no longer. `relocate` finds out; calls that wait for the old one are then made again at the new one.
 */

import { type BrokerAddress, groupOffsetsTopic, SluiceError, type UnaryMethod } from "@sluice/model";
import { groupsService } from "@sluice/protocol";
import { anySignal, type Cancellable } from "./cancellation.js";
import type { ClientDependencies } from "./client-dependencies.js";
import { isRetriableRefusal, withRetries } from "./retry-policy.js";

/** A broker, and what it led of the offsets topic when it was found to be the coordinator. */
interface FoundCoordinator {
  readonly brokerId: number;
  readonly address: BrokerAddress;
  /** Undefined: not known. */
  readonly led: ReadonlySet<number> | undefined;
}

export class GroupCoordinator {
  readonly group: string;
  readonly #dependencies: ClientDependencies;
  #found: FoundCoordinator | undefined;
  /** Aborts when another broker is found to be the coordinator. */
  #moved = new AbortController();

  constructor(group: string, dependencies: ClientDependencies) {
    this.group = group;
    this.#dependencies = dependencies;
  }

  /** The broker that was found may have ceased to be the coordinator. */
  get mayHaveMoved(): boolean {
    if (this.#found === undefined) return false;
    const { brokerId, led } = this.#found;
    const leads = this.#ledBy(brokerId);
    return leads !== undefined && (led === undefined || [...led].some((partition) => !leads.has(partition)));
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
    let address: BrokerAddress | undefined;
    return withRetries(
      async () => {
        address = await this.find(options);
        if (!options.isIdempotent) return await connections.call(address, method, request, options);
        return await this.#callUntilMoved(address, method, request, options);
      },
      {
        clock,
        policy,
        timeoutMs: requestTimeoutMs,
        signal: options.signal,
        isWorthRetry: (error) => isWorthRetry(error, options.isIdempotent),
        onRetry: () => this.forget(address),
      },
    );
  }

  /**
   * Where the coordinator is.
   * @throws SluiceError COORDINATOR_LOADING where there is none at present; BROKER_UNREACHABLE, INVALID_GROUP_NAME ...
   */
  async find(options: Cancellable = {}): Promise<BrokerAddress> {
    if (this.#found !== undefined) return this.#found.address;
    const found = await this.#ask(options);
    this.#found = found;
    return found.address;
  }

  /**
   * Asks who coordinates the group now. True: another broker than before, and from now on calls go there.
   * @throws as `find`
   */
  async relocate(options: Cancellable = {}): Promise<boolean> {
    const before = this.#found;
    const found = await this.#ask(options);
    if (before === undefined || this.#found !== before || found.brokerId === before.brokerId) return false;
    this.#found = found;
    this.#moved.abort(this.#movedError(before, found));
    this.#moved = new AbortController();
    return true;
  }

  /** Takes it that the coordinator is where it was, whatever else that broker does not lead any more. */
  stayed(): void {
    if (this.#found !== undefined) this.#found = { ...this.#found, led: this.#ledBy(this.#found.brokerId) };
  }

  /** The address is of no more use. Undefined: whichever there is. */
  forget(address?: BrokerAddress): void {
    if (address === undefined || address === this.#found?.address) this.#found = undefined;
  }

  async #ask(options: Cancellable): Promise<FoundCoordinator> {
    const { connections, metadata } = this.#dependencies;
    const { group } = this;
    const response = await connections.callAny(groupsService.findCoordinator, { group }, options);
    if (response.brokerIdPlusOne === 0) throw new SluiceError("COORDINATOR_LOADING", { group });
    const brokerId = response.brokerIdPlusOne - 1;
    if (metadata.broker(brokerId) === undefined) await metadata.describe([], options);
    const broker = metadata.broker(brokerId);
    if (broker === undefined) throw new SluiceError("COORDINATOR_LOADING", { group });
    return { brokerId, address: broker.address, led: this.#ledBy(brokerId) };
  }

  async #callUntilMoved<Request, Response>(
    address: BrokerAddress,
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: Cancellable,
  ): Promise<Response> {
    const moved = this.#moved.signal;
    const scope = anySignal(options.signal, moved);
    try {
      return await this.#dependencies.connections.call(address, method, request, { signal: scope.signal });
    } catch (error) {
      throw moved.aborted && options.signal?.aborted !== true ? moved.reason : error;
    } finally {
      scope.dispose();
    }
  }

  #ledBy(brokerId: number): ReadonlySet<number> | undefined {
    const partitions = this.#dependencies.metadata.topic(groupOffsetsTopic)?.partitions;
    return partitions && new Set(partitions.flatMap((one) => (one.leaderId === brokerId ? [one.partition] : [])));
  }

  #movedError(before: FoundCoordinator, now: FoundCoordinator): SluiceError {
    return new SluiceError("NOT_COORDINATOR", {
      broker: before.brokerId,
      group: this.group,
      coordinator: now.brokerId,
    });
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
