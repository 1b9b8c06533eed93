/**
 * Replicate streams of the other brokers to this one: at most one of each, under its present registration and no other.
 *
 * A registration that the image does not show yet waits until it does, unread; one that is over is refused, and its stream is cut as
 * soon as the image shows a newer one. So is who asks for another life of this broker: what died is not heard again because its address
 * is listened at again. Three timers serve all streams: keep-alives, marks, and the budgets of what is not in sync.
 */

import type { ClusterImage } from "@sluice/cluster";
import { type BrokerId, type Clock, type ServedMethod, SluiceError, serveStream, type Timer } from "@sluice/model";
import { replicationService } from "@sluice/protocol";
import type { Logger } from "../logging.js";
import { FollowerStream, type FollowerStreamOwner } from "./follower-stream.js";
import { HeardPeer } from "./heard-peer.js";
import { keepAliveIntervalMs } from "./keep-alive.js";
import type { FollowerIdentity, PeerObserver, ReplicatedPartitions, StreamIdentity } from "./replica-access.js";
import type { TrafficBudgets } from "./sender-turns.js";
import { TrafficBudget } from "./traffic-budget.js";

export interface FollowerStreamsOptions {
  readonly brokerId: BrokerId;
  /** Record bytes of one partition that are sent to a follower ahead of its answer. */
  readonly fetchBytesMax: number;
  /** Record bytes a second to replicas that are not in sync, over all streams. 0: no limit. */
  readonly catchUpBytesPerSecMax: number;
  /** The same to replicas that a reassignment adds. */
  readonly reassignmentBytesPerSecMax: number;
}

export interface FollowerStreamsDependencies {
  readonly partitions: ReplicatedPartitions;
  readonly observer: PeerObserver;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** By when a moved high watermark is told where no records follow. */
const marksDelayMs = 100;
/** By when a stream must have said who follows, and that must be known to be true. */
const acceptWaitMsMax = 10_000;
/** Streams that are not accepted yet. */
const unacceptedMax = 256;

export class FollowerStreams implements FollowerStreamOwner {
  readonly #options: FollowerStreamsOptions;
  readonly #dependencies: FollowerStreamsDependencies;
  readonly #budgets: TrafficBudgets;
  /** Accepted, by broker. */
  readonly #followers = new Map<BrokerId, { readonly stream: FollowerStream; readonly heard: HeardPeer }>();
  /** Open, and not accepted yet; with who they say that they are. */
  readonly #unaccepted = new Map<FollowerStream, StreamIdentity | undefined>();
  #image: ClusterImage | undefined;
  /** The last registration of this broker in this process. */
  #brokerEpoch: number | undefined;
  #keepAliveTimer: Timer | undefined;
  #marksTimer: Timer | undefined;
  #isClosed = false;

  constructor(options: FollowerStreamsOptions, dependencies: FollowerStreamsDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#budgets = {
      catchUp: new TrafficBudget({ bytesPerSecMax: options.catchUpBytesPerSecMax }, dependencies),
      reassignment: new TrafficBudget({ bytesPerSecMax: options.reassignmentBytesPerSecMax }, dependencies),
    };
    dependencies.partitions.watchOpened((name) => {
      for (const { stream } of this.#followers.values()) stream.opened(name);
    });
  }

  /** Replication.Replicate. */
  served(): ServedMethod {
    return serveStream(replicationService.replicate, (stream) => {
      if (this.#isClosed) throw new SluiceError("BROKER_STOPPING", { broker: this.#options.brokerId });
      if (this.#unaccepted.size >= unacceptedMax) {
        throw new SluiceError("RESOURCE_EXHAUSTED", { resource: "streams of unknown followers", limit: unacceptedMax });
      }
      const { partitions, clock } = this.#dependencies;
      const { fetchBytesMax } = this.#options;
      const opened = new FollowerStream(
        { fetchBytesMax, openedAtMs: clock.monotonicMs() },
        { stream, owner: this, partitions, budgets: this.#budgets },
      );
      this.#unaccepted.set(opened, undefined);
      this.#keepAliveTimer ??= this.#startKeepAlive();
      return opened;
    });
  }

  /**
   * Accepts who waited for that image, and cuts the streams of lives that are over. Before the first image, and before the first
   * registration, everybody waits.
   * @param brokerEpoch registration of this broker; undefined: it has none, and is followed under its last one
   */
  apply(image: ClusterImage, brokerEpoch: number | undefined): void {
    if (this.#isClosed) return;
    this.#image = image;
    this.#brokerEpoch = brokerEpoch ?? this.#brokerEpoch;
    for (const { stream } of [...this.#followers.values()]) {
      // One whose registration has only ended is served on, until it has another.
      if (stream.follower.brokerEpoch < lastEpochOf(stream.follower.replica, image)) {
        stream.abort(staleError(stream.follower, image));
      }
    }
    for (const [stream, identity] of [...this.#unaccepted]) {
      if (identity !== undefined) this.identified(stream, identity);
    }
  }

  /** Breaks the stream of that life of a follower, so that it opens another and says anew where its replicas are. */
  cut(replica: BrokerId, brokerEpoch: number): void {
    const stream = this.#followers.get(replica)?.stream;
    if (stream?.follower.brokerEpoch !== brokerEpoch) return;
    const reason = "it was taken for gone";
    stream.abort(new SluiceError("BROKER_UNREACHABLE", { addresses: `broker ${replica}`, reason }));
  }

  /** Whether that broker's stream is open here, under that registration. */
  isFollowing(replica: BrokerId, brokerEpoch: number): boolean {
    return this.#followers.get(replica)?.stream.follower.brokerEpoch === brokerEpoch;
  }

  /** Ends all streams; new ones are refused with BROKER_STOPPING. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#keepAliveTimer?.cancel();
    this.#marksTimer?.cancel();
    for (const { stream } of [...this.#followers.values()]) stream.end();
    for (const stream of [...this.#unaccepted.keys()]) stream.end();
    this.#budgets.catchUp.close();
    this.#budgets.reassignment.close();
  }

  identified(stream: FollowerStream, identity: StreamIdentity): void {
    const image = this.#image;
    const ownEpoch = this.#brokerEpoch ?? 0;
    // Registrations are revisions: an image of an earlier one cannot know.
    if (
      image === undefined ||
      identity.brokerEpoch > image.revision ||
      ownEpoch === 0 ||
      identity.leaderBrokerEpoch > ownEpoch
    ) {
      this.#unaccepted.set(stream, identity);
      return;
    }
    const refusal = refusalOf(identity, image) ?? this.#refusalOfLife(identity, ownEpoch);
    if (refusal === undefined) this.#accept(stream, identity);
    else stream.abort(refusal);
  }

  heardFrom({ follower }: FollowerStream): void {
    this.#followers.get(follower.replica)?.heard.heard(follower.brokerEpoch);
  }

  marksQueued(): void {
    this.#marksTimer ??= this.#dependencies.clock.setTimer(marksDelayMs, () => {
      this.#marksTimer = undefined;
      for (const { stream } of this.#followers.values()) stream.flushMarks();
    });
  }

  ended(stream: FollowerStream, isStopping: boolean): void {
    if (this.#unaccepted.delete(stream)) return;
    const { replica, brokerEpoch } = stream.follower;
    // Another stream of the same broker has taken its place.
    if (this.#followers.get(replica)?.stream !== stream) return;
    this.#followers.delete(replica);
    if (this.#isClosed) return;
    const { observer, logger } = this.#dependencies;
    logger.debug({ follower: replica, brokerEpoch, isStopping }, "Replicate stream of a follower ended");
    if (isStopping) observer.stopping(replica, brokerEpoch);
    observer.streamEnded(replica);
  }

  /** Another life than this one is meant. */
  #refusalOfLife({ leaderBrokerEpoch: epoch }: StreamIdentity, currentEpoch: number): SluiceError | undefined {
    if (epoch === currentEpoch) return undefined;
    return new SluiceError("STALE_BROKER_EPOCH", { epoch, broker: this.#options.brokerId, currentEpoch });
  }

  #accept(stream: FollowerStream, { replica, brokerEpoch }: FollowerIdentity): void {
    const before = this.#followers.get(replica)?.stream;
    this.#unaccepted.delete(stream);
    const heard = new HeardPeer(replica, this.#dependencies);
    this.#followers.set(replica, { stream, heard });
    before?.abort(new SluiceError("CLOSED", { subject: "The Replicate stream, which the follower opened anew," }));
    this.#dependencies.logger.debug({ follower: replica, brokerEpoch }, "Replicate stream of a follower open");
    heard.heard(brokerEpoch);
    stream.accept();
  }

  /** Goes on while there are streams. */
  #startKeepAlive(): Timer {
    return this.#dependencies.clock.setTimer(keepAliveIntervalMs, () => {
      this.#keepAliveTimer = undefined;
      this.#abortUnaccepted();
      for (const { stream } of this.#followers.values()) stream.keepAlive();
      if (this.#followers.size + this.#unaccepted.size > 0) this.#keepAliveTimer ??= this.#startKeepAlive();
    });
  }

  #abortUnaccepted(): void {
    const openedBeforeMs = this.#dependencies.clock.monotonicMs() - acceptWaitMsMax;
    for (const stream of [...this.#unaccepted.keys()]) {
      if (stream.openedAtMs > openedBeforeMs) continue;
      stream.abort(
        new SluiceError("REQUEST_TIMED_OUT", { operation: "learning who follows", timeoutMs: acceptWaitMsMax }),
      );
    }
  }
}

/** Why the registration is not served: there is a newer one, or it never was. Undefined: it is the last one of that broker. */
function refusalOf(identity: FollowerIdentity, image: ClusterImage): SluiceError | undefined {
  const { replica, brokerEpoch } = identity;
  const lastEpoch = lastEpochOf(replica, image);
  if (brokerEpoch === lastEpoch) return undefined;
  if (brokerEpoch < lastEpoch) return staleError(identity, image);
  return new SluiceError("INVALID_REQUEST", { reason: `broker ${replica} has no registration ${brokerEpoch}` });
}

function staleError({ replica, brokerEpoch }: FollowerIdentity, image: ClusterImage): SluiceError {
  const currentEpoch = lastEpochOf(replica, image);
  return new SluiceError("STALE_BROKER_EPOCH", { epoch: brokerEpoch, broker: replica, currentEpoch });
}

/** The last registration of a broker, whether it is still there or not; 0: it never had one. */
function lastEpochOf(id: BrokerId, image: ClusterImage): number {
  return Math.max(image.brokers.get(id)?.brokerEpoch ?? 0, image.lastRegistrations.get(id)?.brokerEpoch ?? 0);
}
