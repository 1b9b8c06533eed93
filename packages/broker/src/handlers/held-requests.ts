/**
 * Requests for partitions that this broker was elected to lead and does not lead yet. They wait here, in the order in which they came.
 *
 * Clients hear of an election as soon as this broker does, which has the epoch to note on disk before it may lead. Who refused them would
 * make each of them pause, and ask again, for what is a matter of one write.
 */

export interface PartitionRequest {
  readonly topic: string;
  readonly partition: number;
}

export class HeldRequests<Request extends PartitionRequest> {
  readonly #held = new Map<string, Request[]>();
  readonly #resume: (request: Request) => void;

  /** `resume` takes a request that has waited; it may be held again. */
  constructor(options: { readonly resume: (request: Request) => void }) {
    this.#resume = options.resume;
  }

  /** Whether earlier ones of its partition wait: then it waits behind them. */
  queues(request: Request): boolean {
    // Mostly nothing is held: no name is made for every request.
    if (this.#held.size === 0) return false;
    const waiting = this.#held.get(nameOf(request));
    waiting?.push(request);
    return waiting !== undefined;
  }

  /** Keeps it until `isTaken` resolves, which never rejects. None of its partition waits yet. */
  hold(request: Request, isTaken: Promise<void>): void {
    const name = nameOf(request);
    const waiting = [request];
    this.#held.set(name, waiting);
    void isTaken.then(() => {
      this.#held.delete(name);
      for (const each of waiting) this.#resume(each);
    });
  }
}

function nameOf({ topic, partition }: PartitionRequest): string {
  return `${topic}/${partition}`;
}
