/**
 * A coordinator with one offsets partition that a test leads and resigns, the methods that it serves, and clients with session
 * streams.
 */

import type { ClusterImage } from "@sluice/cluster";
import { brokerId, type CallContext, groupOffsetsTopic, type ServedMethod, type UnaryHandler } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { groupsService, type SessionRequest, type SessionResponse } from "@sluice/protocol";
import type { PartitionQuery } from "../../internal-client.js";
import type { Logger } from "../../logging.js";
import type { OffsetAnswer } from "../../partition/partition-access.js";
import { imageOf, type TopicSketch } from "../../testing/image-of.js";
import { RecordingStream } from "../../testing/recording-stream.js";
import { GroupCoordinator, type ImageSource } from "../group-coordinator.js";
import { servedGroupMethods } from "../served-group-methods.js";
import { FakeLedPartitions, FakeOffsetsLog } from "./fake-offsets-log.js";

const context: CallContext = { signal: new AbortController().signal, authority: "", peer: "test", clientId: "" };
/** The group of these tests. */
export const group = "flights";

/** One broker's coordinator, over a log that may outlive it. */
export class CoordinatorFixture {
  readonly clock = new VirtualClock();
  readonly partitions = new FakeLedPartitions();
  readonly log: FakeOffsetsLog;
  readonly coordinator: GroupCoordinator;
  readonly looked: PartitionQuery[] = [];
  /** What was logged: level, message and group. */
  readonly logged: string[] = [];
  readonly #methods: ServedMethod[];
  readonly #listeners = new Set<(image: ClusterImage) => void>();
  #image: ClusterImage;
  #revision = 1;
  readonly #logger: Logger = {
    debug: () => undefined,
    info: (fields, message) => this.#log("info", fields, message),
    warn: (fields, message) => this.#log("warn", fields, message),
    error: (fields, message) => this.#log("error", fields, message),
    child: () => this.#logger,
  };

  constructor(log = new FakeOffsetsLog(0), topics: TopicSketch[] = [{ name: "t", partitions: 4 }]) {
    this.log = log;
    this.#image = imageOf(1, [{ name: groupOffsetsTopic }, ...topics]);
    const current = (): ClusterImage => this.#image;
    const source: ImageSource = {
      get image() {
        return current();
      },
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    this.coordinator = new GroupCoordinator(
      { brokerId: brokerId(1), groupsMax: 5, idleGroups: { retentionMs: 100_000, checkIntervalMs: 1000 } },
      {
        partitions: this.partitions,
        images: source,
        clock: this.clock,
        random: new SeededRandom(1),
        logger: this.#logger,
      },
    );
    const offsets = { lookUp: async (queries: readonly PartitionQuery[]) => this.#lookUp(queries) };
    this.#methods = servedGroupMethods({ coordinator: this.coordinator, images: source, offsets });
    this.coordinator.start();
  }

  /** Timers that are set, besides that of the check for idle groups, which is set as long as the coordinator runs. */
  get timerCount(): number {
    return this.clock.timerCount - 1;
  }

  /** Leads its partition in that epoch, and waits until the groups are there. */
  async lead(epoch = 1): Promise<this> {
    this.partitions.lead(this.log, epoch);
    await this.settled();
    return this;
  }

  /** All that was begun has been done, appends and loads included. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  }

  setImage(...topics: TopicSketch[]): void {
    this.#revision += 1;
    this.#image = imageOf(this.#revision, topics);
    for (const listener of this.#listeners) listener(this.#image);
  }

  call<Request, Response>(
    method: { readonly path: string; readonly request: unknown },
    request: Request,
  ): Promise<Response> {
    const served = this.#served(method.path);
    return (served.handler as unknown as UnaryHandler<Request, Response>)(request, context);
  }

  session(): SessionMember {
    return new SessionMember(this, this.#served(groupsService.session.path));
  }

  commit(more: object = {}): Promise<unknown> {
    const offsets = [{ topic: "t", partition: 0, offset: 42, leaderEpochPlusOne: 0, metadata: "" }];
    return this.call(groupsService.commitOffsets, { group, memberId: "", generationPlusOne: 0, offsets, ...more });
  }

  async fetch(): Promise<unknown[]> {
    const response = await this.call<object, { offsets: { topic: string; partition: number; offset: number }[] }>(
      groupsService.fetchOffsets,
      { group, partitions: [] },
    );
    return response.offsets.map(({ topic, partition, offset }) => `${topic}-${partition}@${offset}`);
  }

  describe(): Promise<{ state: string; generation: number; members: { memberId: string; owned: unknown[] }[] }> {
    return this.call(groupsService.describe, { group });
  }

  reset(more: object): Promise<{ plan: unknown[]; executed: boolean }> {
    return this.call(groupsService.resetOffsets, {
      group,
      topic: "t",
      partitions: [],
      to: "earliest",
      execute: false,
      targets: [],
      ...more,
    });
  }

  #log(level: string, fields: object, message: string): void {
    const { group: named } = fields as { readonly group?: string };
    this.logged.push(`${level}: ${message}${named === undefined ? "" : ` (${named})`}`);
  }

  #served(path: string): ServedMethod {
    const served = this.#methods.find((candidate) => candidate.method.path === path);
    if (served === undefined) throw new Error(`${path} is not served`);
    return served;
  }

  /** Every partition holds [10, 100); the record at a time is at 50. */
  #lookUp(queries: readonly PartitionQuery[]): OffsetAnswer[] {
    this.looked.push(...queries);
    const offsets = { earliest: 10, latest: 100, timestamp: 50, maxTimestamp: 99 };
    return queries.map(
      ({ query }) => ({ offset: offsets[query.type], timestampMs: -1, leaderEpoch: 0 }) as OffsetAnswer,
    );
  }
}

/** A client with one session stream. */
export class SessionMember {
  readonly stream: RecordingStream<SessionRequest, SessionResponse>;
  readonly #fixture: CoordinatorFixture;

  constructor(fixture: CoordinatorFixture, served: ServedMethod) {
    this.#fixture = fixture;
    this.stream = new RecordingStream(served);
  }

  async send(message: Partial<SessionRequest>): Promise<this> {
    this.stream.receive({ group: "", memberId: "", ...message });
    await this.#fixture.settled();
    return this;
  }

  join(more: object = {}, memberId = ""): Promise<this> {
    const join = {
      clientId: "app",
      topics: ["t"],
      sessionTimeoutMs: 10_000,
      assignor: "",
      rebalanceTimeoutMs: 0,
      ...more,
    };
    return this.send({ group, memberId, event: "join", join });
  }

  /** Acknowledges the last assignment. */
  acknowledge(): Promise<this> {
    const { generation, partitions: owned } = this.lastAssignment;
    return this.send({ event: "acknowledge", acknowledge: { generation, owned } });
  }

  heartbeat(): Promise<this> {
    return this.send({ event: "heartbeat", heartbeat: {} });
  }

  get memberId(): string {
    return this.stream.sent.find((response) => response.joined)?.joined?.memberId ?? "";
  }

  get lastAssignment(): { generation: number; partitions: { topic: string; partition: number }[] } {
    const assignment = this.stream.sent.findLast((response) => response.assignment)?.assignment;
    if (!assignment) throw new Error("no assignment was sent");
    return assignment;
  }

  get owned(): number[] {
    return this.lastAssignment.partitions.map(({ partition }) => partition);
  }

  get error(): string | undefined {
    const last = this.stream.sent.at(-1)?.error;
    return last === undefined || last === null ? undefined : last.message;
  }
}
