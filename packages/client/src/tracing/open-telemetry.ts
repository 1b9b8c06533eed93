/**
 * Spans and trace headers through the API of OpenTelemetry, an optional peer: nothing of it is loaded before the program has
 * registered a provider of traces, and a program that does not have the package loses nothing.
 *
 * A send is one span of kind producer. Its context goes into the headers of each message that has none yet, as the
 * registered propagator writes it, or as W3C Trace Context where the program registered none. A handler runs in a span of
 * kind consumer below the one that the headers name.
 *
 * This file alone touches the package. Its types stay within: whoever compiles against the client needs no OpenTelemetry.
 */

import { createRequire } from "node:module";
import type * as OpenTelemetry from "@opentelemetry/api";
import { isSluiceError, type SluiceError } from "@sluice/model";
import type { MessageHeaders, OutgoingMessage } from "../producer/outgoing-message.js";
import type { ClientTracing, ReceivedMessage, TracedMessage, TracedSend } from "./client-tracing.js";
import { formatTraceParent, parseTraceParent } from "./trace-headers.js";
import { attributes, messagingSystem, operations, traceHeaders, tracerName } from "./trace-names.js";

type Api = typeof OpenTelemetry;

/** Where every copy of the API, of major version 1, leaves what a program registered. */
const registry = Symbol.for("opentelemetry.js.api.1");

/** True once the program has registered a provider of traces. */
function isProviderRegistered(): boolean {
  const registered = (globalThis as { [registry]?: { readonly trace?: unknown } })[registry];
  return registered?.trace !== undefined;
}

export class OpenTelemetryTracing implements ClientTracing {
  readonly #clientId: string;
  readonly #load: () => unknown;
  readonly #onMissing: (error: unknown) => void;
  /** Undefined: not needed yet. Null: it cannot be loaded. */
  #api: Api | null | undefined;

  constructor(
    options: { readonly clientId: string },
    dependencies: {
      /** Once, where a provider is registered and the package cannot be loaded from here. */
      readonly onMissing: (error: unknown) => void;
      /** Default: the package that is installed beside the client. @throws where there is none */
      readonly load?: () => unknown;
    },
  ) {
    this.#clientId = options.clientId;
    this.#onMissing = dependencies.onMissing;
    this.#load = dependencies.load ?? (() => createRequire(import.meta.url)("@opentelemetry/api"));
  }

  get isOn(): boolean {
    return this.#api !== null && isProviderRegistered();
  }

  sendStarted(topic: string, messages: readonly OutgoingMessage[]): TracedSend {
    const api = this.#loaded();
    if (api === undefined) return { messages, settled: () => undefined };
    const span = api.trace.getTracer(tracerName).startSpan(`${operations.send} ${topic}`, {
      kind: api.SpanKind.PRODUCER,
      attributes: {
        ...this.#commonAttributes(operations.send, topic),
        ...(messages.length > 1 ? { [attributes.batchCount]: messages.length } : {}),
      },
    });
    const headers = headersOf(api, span);
    return {
      messages: messages.map((message) => withTrace(message, headers)),
      settled: (error) => end(api, span, error),
    };
  }

  process<Result>(received: ReceivedMessage, work: () => Promise<Result>): Promise<Result> {
    const api = this.#loaded();
    if (api === undefined) return work();
    const { message, groupId } = received;
    const parent = contextOf(api, message.headers);
    const span = api.trace.getTracer(tracerName).startSpan(
      `${operations.process} ${message.topic}`,
      {
        kind: api.SpanKind.CONSUMER,
        attributes: {
          ...this.#commonAttributes(operations.process, message.topic),
          ...processAttributes(message),
          ...(groupId === undefined ? {} : { [attributes.group]: groupId }),
        },
      },
      parent,
    );
    return api.context.with(api.trace.setSpan(parent, span), () => ended(api, span, work));
  }

  #commonAttributes(operation: string, topic: string): OpenTelemetry.Attributes {
    return {
      [attributes.system]: messagingSystem,
      [attributes.operationName]: operation,
      [attributes.operationType]: operation,
      [attributes.destination]: topic,
      [attributes.clientId]: this.#clientId,
    };
  }

  #loaded(): Api | undefined {
    if (!isProviderRegistered() || this.#api === null) return undefined;
    if (this.#api !== undefined) return this.#api;
    try {
      this.#api = this.#load() as Api;
      return this.#api;
    } catch (error) {
      this.#api = null;
      this.#onMissing(error);
      return undefined;
    }
  }
}

function processAttributes(message: TracedMessage): OpenTelemetry.Attributes {
  return {
    [attributes.partition]: String(message.partition),
    [attributes.offset]: message.offset,
    ...(message.value === null ? { [attributes.tombstone]: true } : {}),
  };
}

async function ended<Result>(api: Api, span: OpenTelemetry.Span, work: () => Promise<Result>): Promise<Result> {
  try {
    const result = await work();
    end(api, span, undefined);
    return result;
  } catch (error) {
    end(api, span, error);
    throw error;
  }
}

function end(api: Api, span: OpenTelemetry.Span, error: SluiceError | unknown): void {
  if (error !== undefined) {
    const text = error instanceof Error ? error.message : String(error);
    const type = isSluiceError(error) ? error.code : error instanceof Error ? error.name : "_OTHER";
    span.recordException(error instanceof Error ? error : text);
    span.setAttribute(attributes.errorType, type);
    span.setStatus({ code: api.SpanStatusCode.ERROR, message: text });
  }
  span.end();
}

/** The headers that carry a span to whoever reads the message. */
function headersOf(api: Api, span: OpenTelemetry.Span): Readonly<Record<string, string>> {
  const carrier: Record<string, string> = {};
  api.propagation.inject(api.trace.setSpan(api.context.active(), span), carrier);
  const spanContext = span.spanContext();
  if (Object.keys(carrier).length > 0 || !api.isSpanContextValid(spanContext)) return carrier;
  carrier[traceHeaders.parent] = formatTraceParent(spanContext);
  const state = spanContext.traceState?.serialize();
  if (state !== undefined && state !== "") carrier[traceHeaders.state] = state;
  return carrier;
}

/** A message that is within a trace already keeps its own. */
function withTrace(message: OutgoingMessage, headers: Readonly<Record<string, string>>): OutgoingMessage {
  const own: MessageHeaders = message.headers ?? {};
  if (own[traceHeaders.parent] !== undefined) return message;
  return { ...message, headers: { ...own, ...headers } };
}

/** The context that the headers of a message carry; the present one where they carry none. */
function contextOf(api: Api, headers: Readonly<Record<string, unknown>>): OpenTelemetry.Context {
  const active = api.context.active();
  const extracted = api.propagation.extract(active, headers, {
    keys: (carrier) => Object.keys(carrier),
    get: (carrier, key) => headerText(carrier[key]),
  });
  if (extracted !== active) return extracted;
  const parent = parseTraceParent(headerText(headers[traceHeaders.parent]) ?? "");
  if (parent === undefined) return active;
  const state = headerText(headers[traceHeaders.state]);
  const traceState = state === undefined ? {} : { traceState: api.createTraceState(state) };
  return api.trace.setSpanContext(active, { ...parent, ...traceState, isRemote: true });
}

/** The first of a header that repeats. */
function headerText(value: unknown): string | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return one === undefined || one === null ? undefined : String(one);
}
