/**
 * What a client tells about its work while it does it: spans of OpenTelemetry, W3C trace headers, diagnostics channels.
 *
 * The producer and the consumer call it and know nothing of what is behind it; with nobody listening it costs one comparison.
 */

import type { SluiceError } from "@sluice/model";
import type { OutgoingMessage } from "../producer/outgoing-message.js";

/** What is told of a message that is handled. */
export interface TracedMessage {
  /** Topic that it came from. */
  readonly topic: string;
  /** Partition, from 0. */
  readonly partition: number;
  /** Place in the partition, from 0. */
  readonly offset: number;
  /** Decoded, for a typed topic. Null: deleted. */
  readonly value: unknown;
  /** By name. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A message that a handler is called with, and the group that it is handled for. */
export interface ReceivedMessage {
  readonly message: TracedMessage;
  /** Undefined: read without a group. */
  readonly groupId: string | undefined;
}

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
  process<Result>(received: ReceivedMessage, work: () => Promise<Result>): Promise<Result>;
}

/** Tells nobody anything. */
export const noTracing: ClientTracing = {
  isOn: false,
  sendStarted: (_topic, messages) => ({ messages, settled: () => undefined }),
  process: (_received, work) => work(),
};
