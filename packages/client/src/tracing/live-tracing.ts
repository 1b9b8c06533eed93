/** Tells everybody who listens: OpenTelemetry first, so that subscribers of channels see the trace headers. */

import type { OutgoingMessage } from "../producer/outgoing-message.js";
import type { ClientTracing, ReceivedMessage, TracedSend } from "./client-tracing.js";
import { DiagnosticsTracing } from "./diagnostics-tracing.js";
import { OpenTelemetryTracing } from "./open-telemetry.js";

export class LiveTracing implements ClientTracing {
  readonly #spans: ClientTracing;
  readonly #channels: ClientTracing;

  constructor(
    options: { readonly clientId: string },
    dependencies: { readonly onMissing: (error: unknown) => void; readonly load?: () => unknown },
  ) {
    this.#spans = new OpenTelemetryTracing(options, dependencies);
    this.#channels = new DiagnosticsTracing(options);
  }

  get isOn(): boolean {
    return this.#spans.isOn || this.#channels.isOn;
  }

  sendStarted(topic: string, messages: readonly OutgoingMessage[]): TracedSend {
    const span = this.#spans.sendStarted(topic, messages);
    const told = this.#channels.sendStarted(topic, span.messages);
    return {
      messages: told.messages,
      settled: (error) => {
        told.settled(error);
        span.settled(error);
      },
    };
  }

  process<Result>(received: ReceivedMessage, work: () => Promise<Result>): Promise<Result> {
    return this.#spans.process(received, () => this.#channels.process(received, work));
  }
}
