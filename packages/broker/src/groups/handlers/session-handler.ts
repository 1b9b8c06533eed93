/**
 * Groups.Session: the membership of one member, from its join until the stream ends.
 *
 * The first message is a join, and only the first. A stream that breaks is no leave: the member may come back on another one until its
 * session is over. Errors are sent as the last message, not as the status of the call.
 */

import { type AssignedPartition, type AssignorName, rebalanceTimeoutMsDefault } from "@sluice/groups";
import {
  groupName,
  type MessageStream,
  type ServedMethod,
  SluiceError,
  type StreamListener,
  serveStream,
  topicName,
  toSluiceError,
} from "@sluice/model";
import { groupsService, type Join, type SessionRequest, type SessionResponse, toWireError } from "@sluice/protocol";
import type { GroupCoordinator } from "../group-coordinator.js";
import type { GroupRuntime, SessionSink } from "../group-runtime.js";
import { fromWirePartition, toWirePartition } from "../wire-offsets.js";

/** Characters of the name of a client. */
const clientIdLengthMax = 255;

/** Serves Groups.Session. */
export function serveSession(dependencies: { readonly coordinator: GroupCoordinator }): ServedMethod {
  return serveStream(groupsService.session, (stream, { peer }) => new Session(stream, peer, dependencies.coordinator));
}

class Session implements StreamListener<SessionRequest>, SessionSink {
  readonly #stream: MessageStream<SessionResponse>;
  readonly #host: string;
  readonly #coordinator: GroupCoordinator;
  #runtime: GroupRuntime | undefined;
  #memberId: string | undefined;
  /** The member said that it leaves. */
  #isLeaving = false;
  #isOver = false;
  /** The last message with other topics that came before the join was answered. */
  #wanted: SessionRequest | undefined;

  constructor(stream: MessageStream<SessionResponse>, host: string, coordinator: GroupCoordinator) {
    this.#stream = stream;
    this.#host = host;
    this.#coordinator = coordinator;
  }

  onMessage(request: SessionRequest): void {
    if (this.#isOver) return;
    try {
      if (this.#runtime === undefined) this.#join(request);
      else this.#continue(this.#runtime, request);
    } catch (error) {
      this.#runtime?.disconnect(this);
      this.onEnded(toSluiceError(error));
    }
  }

  /** The client ended its side. Without a leave it may come back; with one, the session ends when the leave is in the log. */
  onEnd(): void {
    if (this.#isLeaving && !this.#isOver) return;
    this.#disconnect();
    this.#stream.end();
  }

  onError(): void {
    this.#disconnect();
  }

  onJoined(memberId: string, heartbeatIntervalMs: number): void {
    this.#memberId = memberId;
    this.#stream.send({ event: "joined", joined: { memberId, heartbeatIntervalMs } });
    const wanted = this.#wanted;
    if (this.#isLeaving) this.#runtime?.leave(memberId);
    else if (wanted !== undefined) this.onMessage(wanted);
  }

  onAssignment(generation: number, partitions: readonly AssignedPartition[]): void {
    this.#stream.send({ event: "assignment", assignment: { generation, partitions: partitions.map(toWirePartition) } });
  }

  onEnded(error: SluiceError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (error !== undefined) this.#stream.send({ event: "error", error: toWireError(error) });
    this.#stream.end();
  }

  #join(request: SessionRequest): void {
    const { join } = request;
    if (join === undefined || join === null) throw invalid("the first message of a session is not a join");
    if (join.clientId.length > clientIdLengthMax)
      throw invalid(`a client id of more than ${clientIdLengthMax} characters`);
    const group = groupName(request.group);
    const topics = join.topics.map((topic) => topicName(topic));
    const assignor = assignorOf(join);
    const runtime = this.#coordinator.findOrCreate(group);
    this.#runtime = runtime;
    runtime.join(
      {
        memberId: request.memberId === "" ? undefined : request.memberId,
        newMemberId: this.#coordinator.newMemberId(join.clientId),
        clientId: join.clientId,
        host: this.#host,
        topics,
        sessionTimeoutMs: join.sessionTimeoutMs,
        rebalanceTimeoutMs: join.rebalanceTimeoutMs === 0 ? rebalanceTimeoutMsDefault : join.rebalanceTimeoutMs,
        assignor,
      },
      this,
    );
  }

  #continue(runtime: GroupRuntime, request: SessionRequest): void {
    const memberId = this.#memberId;
    if (request.event === "join") throw invalid("a session is joined once; open another stream");
    if (request.event === "leave") this.#isLeaving = true;
    if (memberId === undefined) {
      // Before the join is answered there is nothing to keep alive or to acknowledge; the leave waits for it, and so do topics.
      if (request.event === "resubscribe") this.#wanted = request;
      return;
    }
    if (request.event === "heartbeat") runtime.heartbeat(memberId);
    else if (request.event === "leave") runtime.leave(memberId);
    else if (request.event === "acknowledge" && request.acknowledge) {
      const { generation, owned } = request.acknowledge;
      runtime.acknowledge({ memberId, generation, owned: owned.map(fromWirePartition) });
    } else if (request.event === "resubscribe" && request.resubscribe) {
      runtime.resubscribe(
        memberId,
        request.resubscribe.topics.map((topic) => topicName(topic)),
      );
    } else throw invalid("the message of a session says nothing");
  }

  #disconnect(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#runtime?.disconnect(this);
  }
}

function assignorOf({ assignor }: Join): AssignorName {
  if (assignor === "" || assignor === "sticky") return "sticky";
  if (assignor === "uniform") return "uniform";
  throw invalid(`'${assignor.slice(0, 60)}' is not an assignor; there are uniform and sticky`);
}

function invalid(reason: string): SluiceError {
  return new SluiceError("INVALID_REQUEST", { reason });
}
