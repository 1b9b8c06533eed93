/**
 * What a broker has to do with the other brokers: streams to and from them, what they take one another for, and leaderships that go
 * from one to the other.
 *
 * Stopping in order is `leave`: leaderships are handed over, then the in-sync replicas are left, while everything else still runs.
 */

import { type ClusterImage, handoverCandidate, hasLivingLeader, type SuspectedBrokers } from "@sluice/cluster";
import type { ClusterStore, ImageWatcher } from "@sluice/coordination";
import type { LogDirectory } from "@sluice/log";
import {
  type BrokerId,
  type Clock,
  isSluiceError,
  type Random,
  type ServedMethod,
  type Timer,
  type Transport,
  brokerId as toBrokerId,
} from "@sluice/model";
import type { BrokerConfig } from "./broker-config.js";
import { MovedLeaders } from "./cluster/moved-leaders.js";
import { ReplicaWithdrawal } from "./cluster/replica-withdrawal.js";
import { StrayReplicas } from "./cluster/stray-replicas.js";
import { LeaderBalance } from "./controller/leader-balance.js";
import { type HandedPartition, LeaderHandover } from "./controller/leader-handover.js";
import type { Leaderships } from "./controller/leaderships.js";
import { imageShows } from "./image-wait.js";
import type { InternalClient } from "./internal-client.js";
import { FailureDetection } from "./liveness/failure-detection.js";
import type { PeerLife } from "./liveness/failure-detector.js";
import { serveReportSuspects } from "./liveness/report-suspects-handler.js";
import type { Logger } from "./logging.js";
import type { PartitionRegistry } from "./partition/partition-registry.js";
import type { ReplicationPorts } from "./partition/replication-ports.js";
import { serveDescribeReplicas } from "./replication/describe-replicas-handler.js";
import { FollowerStreams } from "./replication/follower-streams.js";
import { PeerStreams } from "./replication/peer-streams.js";
import { ReplicaSetChangeWriter } from "./replication/replica-set-change-writer.js";
import type { StoreHistory } from "./store-history.js";

export interface ClusterPeersDependencies {
  readonly store: ClusterStore;
  readonly images: ImageWatcher;
  readonly internalClient: InternalClient;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly storeHistory: StoreHistory;
  /** Registration of this broker; undefined while it has none. */
  brokerEpoch(): number | undefined;
  /** Whether it is certain that nobody was elected in the place of this broker because its lease ran out. */
  isWithinDeadline(): boolean;
  /** Whom a majority suspects is another set than before. */
  onSuspects(suspects: SuspectedBrokers): void;
  /** Replicas here have failed, and all that the cluster can do without are out of its reckoning. */
  onWithdrawn(): void;
}

/** For so long a stopping broker waits until nothing counts on its replicas. */
const leaveWaitMsMax = 1000;
/** A broker past its deadline answers readers while the others were heard within that time. */
const heardWithinMs = 1000;
/** The image is read again at most so often. */
const readIntervalMs = 100;

export class ClusterPeers {
  readonly #brokerId: BrokerId;
  readonly #config: BrokerConfig;
  readonly #dependencies: ClusterPeersDependencies;
  readonly #detection: FailureDetection;
  readonly #peerStreams: PeerStreams;
  readonly #replicaSets: ReplicaSetChangeWriter;
  readonly #handover: LeaderHandover;
  #withdrawal: ReplicaWithdrawal | undefined;
  #attached: { readonly partitions: PartitionRegistry; readonly followerStreams: FollowerStreams } | undefined;
  #balance: LeaderBalance | undefined;
  #movedLeaders: MovedLeaders | undefined;
  #strayReplicas: StrayReplicas | undefined;
  /** Since the image was read again, less than the interval has passed. */
  #readTimer: Timer | undefined;
  #isReadDue = false;

  constructor(
    options: { readonly brokerId: BrokerId; readonly config: BrokerConfig },
    dependencies: ClusterPeersDependencies,
  ) {
    const { brokerId, config } = options;
    this.#brokerId = brokerId;
    this.#config = config;
    this.#dependencies = dependencies;
    const { logger } = dependencies;
    this.#detection = new FailureDetection(
      { brokerId, suspectMs: config.brokerSuspectMs },
      {
        ...dependencies,
        logger: logger.child({ component: "liveness" }),
        onPeerGone: (life) => this.#onPeerGone(life),
        onPeerReturned: (life) => this.#onPeerReturned(life),
        onAgreed: (suspects) => dependencies.onSuspects(suspects),
      },
    );
    const replicationLogger = logger.child({ component: "replication" });
    this.#peerStreams = new PeerStreams(
      { brokerId },
      { ...dependencies, observer: this.#detection, logger: replicationLogger },
    );
    this.#replicaSets = new ReplicaSetChangeWriter({ brokerId }, { ...dependencies, logger: replicationLogger });
    this.#handover = new LeaderHandover({ brokerId }, dependencies);
  }

  /** What partitions here need to be replicated. */
  get replicationPorts(): ReplicationPorts {
    return {
      leaderStreams: this.#peerStreams,
      replicaSetsChanges: this.#replicaSets,
      readPartition: () => this.#readImage(),
      isWithinDeadline: () => this.#dependencies.isWithinDeadline(),
      isHeardFrom: (broker) => this.#detection.wasHeardWithin(toBrokerId(broker), heardWithinMs),
    };
  }

  get handover(): LeaderHandover {
    return this.#handover;
  }

  /** Whether this broker is the one that acts on suspicions where the controller cannot. */
  get isElector(): boolean {
    return this.#detection.isElector;
  }

  /** The partitions here, which others follow. Called once, before anything is served. */
  attach(partitions: PartitionRegistry, logDirectory: LogDirectory): readonly ServedMethod[] {
    const { clock, logger, images } = this.#dependencies;
    const { replicaFetchBytes, catchUpBytesPerSecMax, reassignmentBytesPerSecMax, leaderBalanceIntervalMs } =
      this.#config;
    const followerStreams = new FollowerStreams(
      { brokerId: this.#brokerId, fetchBytesMax: replicaFetchBytes, catchUpBytesPerSecMax, reassignmentBytesPerSecMax },
      { partitions, observer: this.#detection, clock, logger: logger.child({ component: "replication" }) },
    );
    this.#attached = { partitions, followerStreams };
    this.#withdrawal = new ReplicaWithdrawal(
      { brokerId: this.#brokerId },
      { ...this.#dependencies, failed: () => partitions.failedReplicas() },
    );
    partitions.onReplicaFailed = () => this.#withdrawal?.replicaFailed();
    const leaderships: Leaderships = {
      images,
      clock,
      logger,
      led: (topicId, partition) => partitions.handed(topicId, partition),
      isReachable: (broker) => this.#detection.isReachable(broker),
      handOver: (handed, candidate) => this.#handover.handOver(handed, candidate),
    };
    this.#balance = new LeaderBalance({ brokerId: this.#brokerId, intervalMs: leaderBalanceIntervalMs }, leaderships);
    this.#movedLeaders = new MovedLeaders({ brokerId: this.#brokerId }, leaderships);
    this.#strayReplicas = new StrayReplicas(
      { brokerId: this.#brokerId },
      { ...this.#dependencies, logDirectory, removeStray: (name) => partitions.removeStray(name) },
    );
    partitions.onReplicaTaken = () => this.#strayReplicas?.replicaTaken();
    const { brokerEpoch, storeHistory } = this.#dependencies;
    return [
      followerStreams.served(),
      serveDescribeReplicas({ partitions, brokerEpoch, storeHistory }),
      serveReportSuspects({ reported: (report) => this.#detection.reported(report) }),
    ];
  }

  /** Begins to watch the others, to bring leaderships home, and to remove what was moved away. */
  start(): void {
    this.#detection.start();
    this.#balance?.start();
    this.#strayReplicas?.start();
  }

  /** Opens, accepts and cuts streams as the registrations are now, and gives away leaderships that are moved. */
  apply(image: ClusterImage): void {
    const brokerEpoch = this.#dependencies.brokerEpoch();
    this.#peerStreams.apply(image, brokerEpoch);
    this.#attached?.followerStreams.apply(image, brokerEpoch);
    if (brokerEpoch !== undefined) this.#movedLeaders?.apply(image);
  }

  /**
   * Gives away what this broker leads and others can lead, and leaves the in-sync replicas of what it follows. What does not succeed in
   * time is left to the others.
   */
  async leave(): Promise<void> {
    this.#balance?.close();
    this.#movedLeaders?.close();
    this.#strayReplicas?.close();
    this.#handover.leave();
    // Together: following who leads next, this broker would be in sync there once more, and be waited for until it has left.
    await Promise.all([this.#handOverAll(), this.#peerStreams.close()]);
    await this.#untilNobodyCounts();
    this.#detection.close();
  }

  /** There is no room for appends here: gives away what others can lead. What nobody can take is led on. */
  giveAway(): void {
    void this.#handOverAll();
  }

  /** Ends all streams. Safe to call without `leave`, and twice. */
  async close(): Promise<void> {
    this.#balance?.close();
    this.#movedLeaders?.close();
    this.#strayReplicas?.close();
    this.#detection.close();
    this.#readTimer?.cancel();
    this.#withdrawal?.close();
    this.#replicaSets.close();
    this.#attached?.followerStreams.close();
    await this.#peerStreams.close();
  }

  /** Never rejects. */
  async #handOverAll(): Promise<void> {
    const { logger } = this.#dependencies;
    const handovers = (this.#attached?.partitions.allHanded() ?? []).map((handed) => this.#handOver(handed));
    const outcomes = await Promise.allSettled(handovers);
    const failed = outcomes.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
    if (failed.length > 0) {
      logger.warn({ err: failed[0], failed: failed.length }, "some leaderships could not be handed over");
    }
    const left = outcomes.filter((result) => result.status === "fulfilled" && result.value === "nobodyLeft");
    if (left.length > 0) {
      logger.info(
        { partitions: left.length },
        "some partitions have no other in-sync broker left that could lead them",
      );
    }
  }

  /** To the first who can; to the next where that one goes, or stops too. */
  async #handOver(handed: HandedPartition): Promise<"handedOver" | "nobodyLeft" | "nobody"> {
    const tried = new Set<BrokerId>();
    for (;;) {
      const candidate = this.#candidateFor(handed, tried);
      if (candidate === undefined) return tried.size > 0 ? "nobodyLeft" : "nobody";
      tried.add(candidate);
      try {
        await this.#handover.handOver(handed, candidate);
        return "handedOver";
      } catch (error) {
        const isGone = isSluiceError(error, "LEADER_NOT_ELIGIBLE") || !this.#detection.isReachable(candidate);
        if (!isGone) throw error;
      }
    }
  }

  /** Undefined: nobody else can lead it. */
  #candidateFor({ topicId, partition: number }: HandedPartition, tried: ReadonlySet<BrokerId>): BrokerId | undefined {
    const { image } = this.#dependencies.images;
    const partition = image.topicsById.get(topicId)?.partitions[number];
    const suspects = new Set(
      [...image.brokers.keys()].filter((id) => tried.has(id) || !this.#detection.isReachable(id)),
    );
    return partition === undefined ? undefined : handoverCandidate(image, partition, suspects);
  }

  /** Waits until leaders have taken this broker out of their in-sync replicas, where others are left in them. */
  async #untilNobodyCounts(): Promise<void> {
    if (this.#dependencies.brokerEpoch() === undefined) return;
    const isLeft = await imageShows((image) => !this.#isCountedOn(image), leaveWaitMsMax, this.#dependencies);
    if (!isLeft) this.#dependencies.logger.info({}, "some leaders still count on a replica here");
  }

  /** Whether another broker, one that is not about to stop too, leads a partition of which this one is in sync. */
  #isCountedOn(image: ClusterImage): boolean {
    for (const topic of image.topics.values()) {
      for (const partition of topic.partitions) {
        const { leader, inSyncReplicas } = partition;
        if (leader === undefined || leader === this.#brokerId || !inSyncReplicas.includes(this.#brokerId)) continue;
        if (hasLivingLeader(partition, image.brokers) && this.#detection.isReachable(leader)) return true;
      }
    }
    return false;
  }

  /** Partitions ask for it by the thousand when a watch is late: one reading serves them all. */
  #readImage(): void {
    this.#isReadDue = true;
    if (this.#readTimer !== undefined) return;
    this.#isReadDue = false;
    this.#dependencies.images.reconcile();
    this.#readTimer = this.#dependencies.clock.setTimer(readIntervalMs, () => {
      this.#readTimer = undefined;
      if (this.#isReadDue) this.#readImage();
    });
  }

  #onPeerGone(life: PeerLife): void {
    this.#handover.candidateGone(life.broker);
    this.#attached?.partitions.replicaGone(life.broker, life.brokerEpoch);
  }

  /** Its idle replicas would have nothing to say, and would never be in sync again: on a new stream they say where they are. */
  #onPeerReturned(life: PeerLife): void {
    this.#attached?.followerStreams.cut(life.broker, life.brokerEpoch);
  }
}
