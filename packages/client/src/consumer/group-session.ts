/**
 * Membership of one consumer in its group, over the Session stream to the coordinator.
 *
 * The stream may break, and the coordinator may move: the session is opened again under the same member id, so that the
 * member keeps its partitions as long as its session timeout has not passed. A coordinator that moved is followed at once. Heartbeats run on a timer of their own, however
 * long the application takes for a message. A member that the coordinator no longer knows joins as a new one.
 */

import {
  type Clock,
  isSluiceError,
  type MessageStream,
  SluiceError,
  sleep,
  type Timer,
  type TopicPartition,
  toSluiceError,
} from "@sluice/model";
import { fromWireError, groupsService, type SessionRequest, type SessionResponse } from "@sluice/protocol";
import type { ClientDependencies } from "../client-dependencies.js";
import type { GroupCoordinator } from "../group-coordinator.js";
import { CoordinatorWatch } from "./coordinator-watch.js";

export interface GroupSessionOptions {
  readonly sessionTimeoutMs: number;
  /** Milliseconds to give partitions up. 0: the coordinator's default. */
  readonly rebalanceTimeoutMs: number;
  readonly assignor: "sticky" | "uniform";
}

export interface GroupSessionListener {
  /** The coordinator took the member in, for the first time or again. */
  onJoined(): void;
  /** What the member may work on from now on; to be acknowledged once it has let go of the rest. */
  onAssignment(generation: number, partitions: readonly TopicPartition[]): void;
  /** A heartbeat was sent. */
  onHeartbeat(): void;
  /** The member is out: its partitions belong to others. It joins again by itself. */
  onLost(): void;
  /** The member cannot be in the group. */
  onFailed(error: SluiceError): void;
}

const leaveTimeoutMs = 1000;

export class GroupSession {
  readonly #options: GroupSessionOptions;
  readonly #coordinator: GroupCoordinator;
  readonly #listener: GroupSessionListener;
  readonly #dependencies: ClientDependencies;
  readonly #clock: Clock;
  readonly #lifetime = new AbortController();
  /** Why a session ends that is to be opened at another broker, which is known already: compared, never shown. */
  readonly #movedError: SluiceError;
  #memberId = "";
  #generation = 0;
  #topics: readonly string[];
  /** What the coordinator was told last that the member wants. */
  #toldTopics: readonly string[] | undefined;
  #hasJoined = false;
  #stream: MessageStream<SessionRequest> | undefined;
  /** Ends the session that is open, to open another one. */
  #endSession: ((error: SluiceError) => void) | undefined;
  #heartbeatTimer: Timer | undefined;
  #done: Promise<void> | undefined;
  #isLeaving = false;

  /** @param topics what the member wants at first. */
  constructor(
    topics: readonly string[],
    options: GroupSessionOptions,
    dependencies: ClientDependencies & {
      readonly coordinator: GroupCoordinator;
      readonly listener: GroupSessionListener;
    },
  ) {
    this.#topics = topics;
    this.#options = options;
    this.#coordinator = dependencies.coordinator;
    this.#listener = dependencies.listener;
    this.#dependencies = dependencies;
    this.#clock = dependencies.clock;
    this.#movedError = new SluiceError("COORDINATOR_LOADING", { group: this.#coordinator.group });
  }

  /** Empty: not a member (any more). */
  get memberId(): string {
    return this.#memberId;
  }

  /** Generation of the last assignment that the coordinator sent. 0: none yet. */
  get generation(): number {
    return this.#generation;
  }

  start(): void {
    if (this.#done !== undefined) return;
    const onMoved = (): void => this.#coordinatorMoved();
    new CoordinatorWatch({ ...this.#dependencies, coordinator: this.#coordinator, onMoved }).start(
      this.#lifetime.signal,
    );
    this.#done = this.#run();
  }

  /** What the member wants from now on: the whole of it. A session that begins later says it when it joins. */
  resubscribe(topics: readonly string[]): void {
    this.#topics = topics;
    // A join that is not answered yet: said when it is.
    if (!this.#hasJoined) return;
    this.#toldTopics = topics;
    this.#stream?.send({
      group: this.#coordinator.group,
      memberId: this.#memberId,
      event: "resubscribe",
      resubscribe: { topics: [...topics] },
    });
  }

  /** Says that the member works on `owned`, and on nothing else. */
  acknowledge(generation: number, owned: readonly TopicPartition[]): void {
    this.#stream?.send({
      group: this.#coordinator.group,
      memberId: this.#memberId,
      event: "acknowledge",
      acknowledge: { generation, owned: owned.map(({ topic, partition }) => ({ topic, partition })) },
    });
  }

  /**
   * Leaves the group, and waits for the coordinator to end the session: sooner, the connection might be closed before the
   * message is out. Always settles, within a second.
   */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    const stream = this.#stream;
    // A join that is not answered yet has to be taken back too: the coordinator keeps the leave until then.
    if (stream !== undefined) {
      const timer = this.#clock.setTimer(leaveTimeoutMs, () => this.#stop());
      stream.send({ group: this.#coordinator.group, memberId: this.#memberId, event: "leave", leave: {} });
      stream.end();
      await this.#done;
      timer.cancel();
    }
    this.#stop();
    await this.#done;
  }

  /** Ends the session without leaving: the member stays until its session has timed out. */
  abort(): void {
    this.#stream?.abort(new SluiceError("CLOSED", { subject: "The consumer" }));
    this.#stop();
  }

  #coordinatorMoved(): void {
    this.#endSession?.(this.#movedError);
  }

  #stop(): void {
    this.#heartbeatTimer?.cancel();
    this.#stream = undefined;
    this.#lifetime.abort(new SluiceError("CLOSED", { subject: "The consumer" }));
  }

  async #run(): Promise<void> {
    const { signal } = this.#lifetime;
    const { policy, logger } = this.#dependencies;
    for (let retry = 0; !signal.aborted; ) {
      const session: { hasJoined: boolean } = { hasJoined: false };
      const error = await this.#oneSession(session);
      if (signal.aborted || this.#isLeaving) return;
      if (session.hasJoined) retry = 0;
      if (isSluiceError(error, "UNKNOWN_MEMBER")) this.#lose();
      else if (!error.retriable) return this.#listener.onFailed(error);
      if (error === this.#movedError) continue; // It is known where to go on.
      this.#coordinator.forget();
      const delayMs = policy.delayMs(retry++);
      logger.info({ group: this.#coordinator.group, code: error.code, delayMs }, "group session ended, will rejoin");
      await sleep(this.#clock, delayMs, signal).catch(() => undefined); // Stopped: the loop ends.
    }
  }

  /** Runs one stream to its end, and says why it ended. */
  async #oneSession(session: { hasJoined: boolean }): Promise<SluiceError> {
    try {
      const address = await this.#coordinator.find({ signal: this.#lifetime.signal });
      if (this.#lifetime.signal.aborted) return new SluiceError("CLOSED", { subject: "The consumer" });
      return await new Promise((resolve) => {
        const stream = this.#dependencies.connections.open(address, groupsService.session, {
          onMessage: (response) => {
            if (response.event === "joined") session.hasJoined = true;
            this.#received(response, end);
          },
          onEnd: () =>
            end(new SluiceError("BROKER_UNREACHABLE", { addresses: address.host, reason: "it ended the session" })),
          onError: (error) => end(error),
        });
        const { requestTimeoutMs: timeoutMs } = this.#dependencies;
        const joinTimer = this.#clock.setTimer(timeoutMs, () => {
          if (session.hasJoined) return;
          const error = new SluiceError("REQUEST_TIMED_OUT", { operation: "Joining the group", timeoutMs });
          stream.abort(error);
          end(error);
        });
        const end = (error: SluiceError): void => {
          joinTimer.cancel();
          this.#endSession = undefined;
          this.#heartbeatTimer?.cancel();
          this.#heartbeatTimer = undefined;
          if (this.#stream === stream) this.#stream = undefined;
          this.#hasJoined = false;
          this.#lifetime.signal.removeEventListener("abort", onStop);
          resolve(error);
        };
        const onStop = (): void => end(new SluiceError("CLOSED", { subject: "The consumer" }));
        this.#lifetime.signal.addEventListener("abort", onStop, { once: true });
        this.#stream = stream;
        this.#endSession = (error) => {
          stream.abort(error);
          end(error);
        };
        this.#join(stream);
      });
    } catch (error) {
      return toSluiceError(error);
    }
  }

  #join(stream: MessageStream<SessionRequest>): void {
    this.#toldTopics = this.#topics;
    stream.send({
      group: this.#coordinator.group,
      memberId: this.#memberId,
      event: "join",
      join: {
        clientId: this.#dependencies.clientId,
        topics: [...this.#topics],
        sessionTimeoutMs: this.#options.sessionTimeoutMs,
        assignor: this.#options.assignor,
        rebalanceTimeoutMs: this.#options.rebalanceTimeoutMs,
      },
    });
  }

  #received(response: SessionResponse, end: (error: SluiceError) => void): void {
    if (response.joined) {
      this.#hasJoined = true;
      this.#memberId = response.joined.memberId;
      this.#heartbeat(response.joined.heartbeatIntervalMs);
      if (this.#toldTopics !== this.#topics) this.resubscribe(this.#topics);
      this.#listener.onJoined();
    } else if (response.assignment) {
      this.#generation = response.assignment.generation;
      this.#listener.onAssignment(response.assignment.generation, response.assignment.partitions);
    } else if (response.error) {
      const stream = this.#stream;
      const error = fromWireError(response.error);
      end(error);
      stream?.end();
    }
  }

  #heartbeat(intervalMs: number): void {
    this.#heartbeatTimer?.cancel();
    this.#heartbeatTimer = this.#clock.setTimer(intervalMs, () => {
      this.#stream?.send({
        group: this.#coordinator.group,
        memberId: this.#memberId,
        event: "heartbeat",
        heartbeat: {},
      });
      this.#listener.onHeartbeat();
      this.#heartbeat(intervalMs);
    });
  }

  #lose(): void {
    this.#memberId = "";
    this.#generation = 0;
    this.#listener.onLost();
  }
}
