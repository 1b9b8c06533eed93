/** The Produce streams of a producer: one a leader, opened when it is first needed and again after it broke. */

import { addressText, type SluiceError, toSluiceError } from "@sluice/model";
import type { ClientDependencies } from "../client-dependencies.js";
import type { PartitionLeader } from "../metadata-cache.js";
import { ProduceStream } from "./produce-stream.js";

export class ProduceStreams {
  readonly #dependencies: ClientDependencies;
  readonly #streams = new Map<string, ProduceStream>();

  constructor(dependencies: ClientDependencies) {
    this.#dependencies = dependencies;
  }

  to(leader: PartitionLeader): ProduceStream {
    const key = `${leader.brokerId}@${addressText(leader.address)}`;
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const stream = new ProduceStream(
      { brokerId: leader.brokerId, address: leader.address, onEnded: () => this.#forget(key, stream) },
      this.#dependencies,
    );
    this.#streams.set(key, stream);
    stream.start().catch((error: unknown) => stream.abort(toSluiceError(error)));
    return stream;
  }

  /** Breaks all streams. Requests without an answer are told. */
  abort(error: SluiceError): void {
    for (const stream of [...this.#streams.values()]) stream.abort(error);
  }

  #forget(key: string, stream: ProduceStream): void {
    if (this.#streams.get(key) === stream) this.#streams.delete(key);
  }
}
