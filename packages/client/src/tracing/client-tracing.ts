/**
 * What a client tells about its work while it does it: spans of OpenTelemetry, W3C trace headers, diagnostics channels.
 *
 * The producer and the consumer call it and know nothing of what is behind it; with nobody listening it costs one comparison.
 */

import type { SluiceError } from "@sluice/model";
import type { Message } from "../consumer/message.js";
import type { OutgoingMessage } from "../producer/outgoing-message.js";

export interface TracedSend {
  /** The messages to send, with trace headers where there is a trace. */
  readonly messages: readonly OutgoingMessage[];
  /** To be called once, when the send is answered or has failed. */
  settled(error?: SluiceError): void;
}

export interface ClientTracing {
  /** False: nobody listens, and nothing here needs to be called. May change at any time. */
  readonly isOn: boolean;
  sendStarted(topic: string, messages: readonly OutgoingMessage[]): TracedSend;
  /** Runs a handler of one message within the trace that its producer began. */
  process<Result>(
    received: { readonly message: Message; readonly groupId: string | undefined },
    work: () => Promise<Result>,
  ): Promise<Result>;
}

/** Tells nobody anything. */
export const noTracing: ClientTracing = {
  isOn: false,
  sendStarted: (_topic, messages) => ({ messages, settled: () => undefined }),
  process: (_received, work) => work(),
};
