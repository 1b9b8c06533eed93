/** One Replicate call, from its opening to its end, as the follower sees it. */

import type { BrokerAddress, BrokerId, MessageStream, SluiceError, TransportConnection } from "@sluice/model";
import { type ReplicateRequest, type ReplicateResponse, replicationService } from "@sluice/protocol";
import { keepAliveRequest } from "./keep-alive.js";
import type { StreamIdentity } from "./replica-access.js";

/** The registrations of both sides under which a call was opened, and where the peer listens. */
export interface PeerRegistrations {
  readonly address: BrokerAddress;
  readonly peerEpoch: number;
  readonly ownEpoch: number;
}

export interface ReplicateCallListener {
  onMessage(message: ReplicateResponse): void;
  /** There is room again. */
  onDrain(): void;
  /** Last, once. Undefined: the peer has ended it. */
  onOver(error: SluiceError | undefined): void;
}

export class ReplicateCall {
  readonly registrations: PeerRegistrations;
  readonly identity: StreamIdentity;
  /** The peer has said something: it serves this broker. */
  isAnswered = false;
  /** The stream takes no more until `onDrain`. */
  isBlocked = false;
  #stream: MessageStream<ReplicateRequest> | undefined;

  constructor(brokerId: BrokerId, registrations: PeerRegistrations) {
    this.registrations = registrations;
    const { ownEpoch, peerEpoch } = registrations;
    this.identity = { replica: brokerId, brokerEpoch: ownEpoch, leaderBrokerEpoch: peerEpoch };
  }

  /** Says first who follows. */
  open(connection: TransportConnection, listener: ReplicateCallListener): void {
    this.#stream = connection.open(replicationService.replicate, {
      onMessage: (message) => listener.onMessage(message),
      onEnd: () => listener.onOver(undefined),
      onError: (error) => listener.onOver(error),
      onDrain: () => {
        this.isBlocked = false;
        listener.onDrain();
      },
    });
    this.send(keepAliveRequest(this.identity));
  }

  send(request: ReplicateRequest): void {
    if (this.#stream?.send(request) === false) this.isBlocked = true;
  }

  /** Says that this broker stops. The end alone would not: a stream that is cut may look as if it had been ended. */
  end(): void {
    this.send({ ...keepAliveRequest(this.identity), stopping: true });
    this.#stream?.end();
  }

  abort(error: SluiceError): void {
    this.#stream?.abort(error);
  }
}
