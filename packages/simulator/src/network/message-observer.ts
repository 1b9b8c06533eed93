/** Sees every message of every call and stream at the moment at which it is sent, before any network: what invariants judge. */

import type { SluiceError } from "@sluice/model";

export interface ObservedStream {
  /** Of the method, as `/sluice.v1.Log/Produce`. */
  readonly path: string;
  readonly clientName: string;
  /** Empty before the stream has reached a server. */
  readonly serverName: string;
}

export interface MessageObserver {
  onRequest(stream: ObservedStream, message: unknown): void;
  onResponse(stream: ObservedStream, message: unknown): void;
  /** One end broke it off. */
  onAborted(stream: ObservedStream, by: "client" | "server", error: SluiceError): void;
}
