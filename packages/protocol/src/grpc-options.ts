/**
 * The limits of the gRPC transport, all explicit: grpc-js has none for some of these, and unfit ones for others.
 */

import type { ChannelOptions } from "@grpc/grpc-js";

export interface GrpcTransportOptions {
  /** Largest message, either way. 64 MiB of records and room for the fields around them. */
  readonly messageBytesMax: number;
  /** Streams and calls that one connection may have open at a server at once. */
  readonly streamsPerConnectionMax: number;
  /** Header bytes that a call may come with; one with more is cut off. */
  readonly metadataBytesMax: number;
  /** A server closes a connection on which there was no call for so long; the client makes a new one when it needs one. */
  readonly connectionIdleMsMax: number;
  /** How a client calls itself to servers. Empty: it does not say. */
  readonly clientId: string;
  /** A connection that is silent for so long is probed; on the client only while calls are under way. */
  readonly keepaliveTimeMs: number;
  /** A probe without an answer for so long breaks the connection. */
  readonly keepaliveTimeoutMs: number;
  /** A client gives up connecting after so long. */
  readonly connectTimeoutMs: number;
  /** A client waits so long before it connects again after a failure; doubled for each, up to `reconnectBackoffMsMax`. */
  readonly reconnectBackoffMs: number;
  readonly reconnectBackoffMsMax: number;
  /** What a server may send to a client before it has read any of it, on a stream and on a connection. */
  readonly clientWindowBytes: number;
  /** The same from a client to a server. */
  readonly serverWindowBytes: number;
  /** `send` on a stream answers false while more than this waits to be sent. */
  readonly sendBufferBytesMax: number;
}

const mebibyte = 1024 * 1024;

export const defaultGrpcTransportOptions: GrpcTransportOptions = {
  messageBytesMax: 65 * mebibyte,
  streamsPerConnectionMax: 1000,
  metadataBytesMax: 16 * 1024,
  connectionIdleMsMax: 30 * 60 * 1000,
  clientId: "",
  keepaliveTimeMs: 10_000,
  keepaliveTimeoutMs: 5_000,
  connectTimeoutMs: 5_000,
  reconnectBackoffMs: 50,
  reconnectBackoffMsMax: 1_000,
  clientWindowBytes: 8 * mebibyte,
  serverWindowBytes: mebibyte,
  sendBufferBytesMax: 4 * mebibyte,
};

/** What a client's channel is made with. */
export function clientChannelOptions(options: GrpcTransportOptions): ChannelOptions {
  return {
    ...commonChannelOptions(options),
    // Retries keep a copy of every message; who retries here knows what it retries.
    "grpc.enable_retries": 0,
    // Each connection of ours is a connection of its own.
    "grpc.use_local_subchannel_pool": 1,
    // Statistics of every message for a debugging service that is not served. (A server cannot do without: it finds the
    // connections to cut at shutdown by them.)
    "grpc.enable_channelz": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.keepalive_permit_without_calls": 0,
    "grpc.initial_reconnect_backoff_ms": options.reconnectBackoffMs,
    "grpc.max_reconnect_backoff_ms": options.reconnectBackoffMsMax,
    "grpc-node.flow_control_window": options.clientWindowBytes,
  };
}

/** What a server is made with. */
export function serverChannelOptions(options: GrpcTransportOptions): ChannelOptions {
  return {
    ...commonChannelOptions(options),
    "grpc.max_concurrent_streams": options.streamsPerConnectionMax,
    // There is no greatest age: a stream would have to be cut in the middle of its work to keep it.
    "grpc.max_connection_idle_ms": options.connectionIdleMsMax,
  };
}

function commonChannelOptions(options: GrpcTransportOptions): ChannelOptions {
  return {
    "grpc.max_receive_message_length": options.messageBytesMax,
    "grpc.max_send_message_length": options.messageBytesMax,
    "grpc.keepalive_time_ms": options.keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs,
  };
}
