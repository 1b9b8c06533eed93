/**
 * The diagnostics channels of the client, for tools that watch a program without changing it.
 *
 *     import { tracingChannel } from "node:diagnostics_channel";
 *     tracingChannel("sluice:producer:send").subscribe({ start, end, asyncStart, asyncEnd, error });
 *
 * Every event of one send or one handler call gets the same object, `SendEvent` or `ProcessEvent`; with `error` it also has
 * what went wrong. Subscribers come and go as they like; without any, nothing is made.
 */

import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import type { SluiceError } from "@sluice/model";
import type { OutgoingMessage } from "../producer/outgoing-message.js";
import type { ClientTracing, ReceivedMessage, TracedMessage, TracedSend } from "./client-tracing.js";
import { channelNames } from "./trace-names.js";

/** What subscribers of `sluice:producer:send` get. */
export interface SendEvent {
  /** Name of the client. */
  readonly clientId: string;
  /** Name of the topic. */
  readonly topic: string;
  /** As they are sent, with trace headers. */
  readonly messages: readonly OutgoingMessage[];
  /** Why the send failed; undefined until it has. */
  error?: SluiceError;
}

/** What subscribers of `sluice:consumer:process` get. */
export interface ProcessEvent {
  /** Name of the client. */
  readonly clientId: string;
  /** Group that the message is handled for. Undefined: read without one. */
  readonly groupId: string | undefined;
  /** What the handler is called with. */
  readonly message: TracedMessage;
  /** What the handler threw; undefined until it has. */
  error?: unknown;
  /** What the handler answered. */
  result?: unknown;
}

// Made once and kept: Node forgets a channel that nobody holds.
const sends = tracingChannel<unknown, SendEvent>(channelNames.send);
const processes = tracingChannel<unknown, ProcessEvent>(channelNames.process);

export class DiagnosticsTracing implements ClientTracing {
  readonly #clientId: string;

  constructor(options: { readonly clientId: string }) {
    this.#clientId = options.clientId;
  }

  get isOn(): boolean {
    return hasSubscribers(sends) || hasSubscribers(processes);
  }

  sendStarted(topic: string, messages: readonly OutgoingMessage[]): TracedSend {
    if (!hasSubscribers(sends)) return { messages, settled: () => undefined };
    const event: SendEvent = { clientId: this.#clientId, topic, messages };
    sends.start.runStores(event, () => sends.end.publish(event));
    return {
      messages,
      settled: (error) => {
        if (error !== undefined) {
          event.error = error;
          sends.error.publish(event);
        }
        sends.asyncStart.publish(event);
        sends.asyncEnd.publish(event);
      },
    };
  }

  process<Result>(received: ReceivedMessage, work: () => Promise<Result>): Promise<Result> {
    if (!hasSubscribers(processes)) return work();
    const event: ProcessEvent = { clientId: this.#clientId, groupId: received.groupId, message: received.message };
    return processes.tracePromise(work, event);
  }
}

/** Node 20 has no such property of its own. */
function hasSubscribers<Event extends object>(channel: TracingChannel<unknown, Event>): boolean {
  const { start, end, asyncStart, asyncEnd, error } = channel;
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}
