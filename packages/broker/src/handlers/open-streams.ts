/** The data-plane streams that are open on this broker, so that stopping can let each of them finish what it has begun. */

export interface DrainableStream {
  /** Takes nothing new, answers what has begun, and then ends the stream. */
  drain(): void;
}

export class OpenStreams {
  readonly #streams = new Set<DrainableStream>();
  #isDraining = false;

  get count(): number {
    return this.#streams.size;
  }

  add(stream: DrainableStream): void {
    this.#streams.add(stream);
    if (this.#isDraining) stream.drain();
  }

  remove(stream: DrainableStream): void {
    this.#streams.delete(stream);
  }

  /** Drains all streams, and every one that is opened later. */
  drain(): void {
    this.#isDraining = true;
    for (const stream of [...this.#streams]) stream.drain();
  }
}
