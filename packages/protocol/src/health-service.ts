/**
 * `grpc.health.v1.Health`: says whether the server serves, to load balancers, probes and people.
 *
 * All services of a listener share one status. A watcher is told at once, and again at each change.
 */

import { type MessageStream, type ServedMethod, SluiceError, serveStream, serveUnary } from "@sluice/model";
import { healthService } from "./service-definitions.js";
import type { HealthCheckResponse } from "./wire-messages.js";

type ServingStatus = HealthCheckResponse["status"];

export class HealthService {
  /** Full names of the services; empty is the server as a whole. */
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Map<MessageStream<HealthCheckResponse>, string>();
  #isServing = false;

  constructor(options: { readonly services: Iterable<string> }) {
    this.#services = new Set(["", ...options.services]);
  }

  methods(): readonly ServedMethod[] {
    return [
      serveUnary(healthService.check, async ({ service }) => {
        if (!this.#services.has(service)) throw new SluiceError("UNKNOWN_SERVICE", { service });
        return { status: this.#statusOf(service) };
      }),
      serveStream(healthService.watch, (stream) => ({
        onMessage: ({ service }) => {
          this.#watchers.set(stream, service);
          stream.send({ status: this.#statusOf(service) });
        },
        onEnd: () => {
          // A watcher has nothing more to say after its request; its stream stays open. One that never asked has no answer.
          if (!this.#watchers.has(stream)) stream.end();
        },
        onError: () => this.#watchers.delete(stream),
      })),
    ];
  }

  /** Tells every watcher, where it is a change. */
  setServing(isServing: boolean): void {
    if (this.#isServing === isServing) return;
    this.#isServing = isServing;
    for (const [stream, service] of this.#watchers) {
      if (this.#services.has(service)) stream.send({ status: this.#statusOf(service) });
    }
  }

  /** Says NOT_SERVING, and ends the streams of all watchers: they would keep a stopping server up. */
  close(): void {
    this.setServing(false);
    for (const stream of this.#watchers.keys()) stream.end();
    this.#watchers.clear();
  }

  #statusOf(service: string): ServingStatus {
    if (!this.#services.has(service)) return "SERVICE_UNKNOWN";
    return this.#isServing ? "SERVING" : "NOT_SERVING";
  }
}
