/**
 * Names of channels, spans and attributes, in one place.
 *
 * Spans follow the semantic conventions of OpenTelemetry for messaging
 * (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/): a span is named by operation and
 * destination; what is of this system alone has names below `messaging.sluice`.
 */

/** `node:diagnostics_channel` tracing channels; subscribers get `tracing:NAME:start`, `:end`, `:asyncStart` ... */
export const channelNames = {
  send: "sluice:producer:send",
  process: "sluice:consumer:process",
} as const;

/** Name of the instrumentation, as a tracer is asked for it. */
export const tracerName = "@sluice/client";

export const operations = { send: "send", process: "process" } as const;

/** Value of `messaging.system`. */
export const messagingSystem = "sluice";

export const attributes = {
  system: "messaging.system",
  operationName: "messaging.operation.name",
  operationType: "messaging.operation.type",
  destination: "messaging.destination.name",
  partition: "messaging.destination.partition.id",
  batchCount: "messaging.batch.message_count",
  clientId: "messaging.client.id",
  group: "messaging.consumer.group.name",
  offset: "messaging.sluice.message.offset",
  tombstone: "messaging.sluice.message.tombstone",
  errorType: "error.type",
} as const;

/** W3C Trace Context (https://www.w3.org/TR/trace-context/): headers of a record as they are of a request. */
export const traceHeaders = { parent: "traceparent", state: "tracestate" } as const;
