/**
 * Values of the cluster store: JSON objects, one shape for each family of keys.
 *
 *     cluster           {"clusterId":"<uuid>"}
 *     history           {"number":1,"state":"restored"}, or "adopted"; where there is none: number 0, adopted
 *     controller        {"brokerId":1}
 *     brokers/ids/<id>  {"incarnation":"<uuid>","host":"127.0.0.1","port":9092,"rack":"","listeners":{"external":{"host":"h","port":1}}}
 *     brokers/last/<id> {"state":"fenced","incarnation":"<uuid>"}, written with the registration, whose epoch is the modRevision of
 *                       this key then; {"state":"active","brokerEpoch":7}
 *     brokers/drained/<id>  {}
 *     topics/<name>     {"id":"<uuid>","partitions":6,"configs":{"flush":"os"}}
 *     topics-deleted/<id>/<broker>  {}
 *     parts/<id>/<n>    {"leader":1,"leaderBrokerEpoch":7,"leaderEpoch":3,"isr":[1],"elr":[],"lastElr":[],"replicas":[1],"adding":[],
 *                       "removing":[],"uncleanEpoch":2}    leader null: none; lists of replicas that are missing are empty
 *     producer-ids      {"next":3000}
 *
 * Members that are not known here are left alone by readers and lost by writers. Anything else that is not of this shape is
 * refused with the key that holds it: guessing at cluster state is worse than stopping.
 */

import {
  type BrokerId,
  brokerId,
  isSluiceError,
  type LeaderEpoch,
  leaderEpoch,
  topicId as parseTopicId,
  type TopicId,
} from "@sluice/model";
import type { BrokerEndpoint } from "./cluster-image.js";
import { corruptKey } from "./cluster-keys.js";

export interface ClusterValue {
  readonly clusterId: string;
}

/** Which history of the store this is. */
export interface HistoryValue {
  /** It grows by 1 with every restored backup that an operator accepts. */
  readonly number: number;
  /** `restored`: a broker has found that the store was restored from a backup, and no operator has accepted that yet. */
  readonly state: "restored" | "adopted";
}

export interface ControllerValue {
  readonly brokerId: BrokerId;
}

export interface BrokerValue {
  readonly incarnation: string;
  readonly host: string;
  readonly port: number;
  readonly rack: string;
  /** Where each named listener is reached. Missing in JSON: none. */
  readonly listeners: Readonly<Record<string, BrokerEndpoint>>;
}

/** Whether a registered broker may be elected. */
export type LastRegistrationValue =
  /**
   * Not yet. Written in the transaction of the registration, so the revision of both is its brokerEpoch. `incarnation` is that of the
   * registration, for its process to know it by when it is gone with its lease; missing in JSON: empty.
   */
  | { readonly state: "fenced"; readonly incarnation: string }
  | { readonly state: "active"; readonly brokerEpoch: number };

export interface TopicValue {
  readonly id: TopicId;
  readonly partitions: number;
  /** Settings that differ from the default. */
  readonly configs: Readonly<Record<string, string>>;
}

export interface PartitionValue {
  /** Undefined: no leader at present; null in JSON. */
  readonly leader: BrokerId | undefined;
  /** Registration under which the leader was elected: it leads under no other. 0 where there is none. */
  readonly leaderBrokerEpoch: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly inSyncReplicas: readonly BrokerId[];
  /** Not in sync, and known to have all that was acknowledged: they are elected when no in-sync replica can be. */
  readonly eligibleLeaderReplicas: readonly BrokerId[];
  /** Were eligible until they may have lost records. */
  readonly lastEligibleLeaderReplicas: readonly BrokerId[];
  /** The preferred leader first; those that a move adds among them. */
  readonly replicas: readonly BrokerId[];
  readonly addingReplicas: readonly BrokerId[];
  readonly removingReplicas: readonly BrokerId[];
  /** Newest leader epoch that began with an unclean election: replicas may give up what they know to be committed. Missing: none did. */
  readonly uncleanEpoch?: LeaderEpoch | undefined;
}

export interface ProducerIdsValue {
  /** First id of the next block. All below were given to brokers. */
  readonly next: number;
}

export function formatClusterValue(value: ClusterValue): string {
  return JSON.stringify({ clusterId: value.clusterId });
}

export function formatHistoryValue(value: HistoryValue): string {
  return JSON.stringify({ number: value.number, state: value.state });
}

export function formatControllerValue(value: ControllerValue): string {
  return JSON.stringify({ brokerId: value.brokerId });
}

export function formatBrokerValue(value: BrokerValue): string {
  const { incarnation, host, port, rack, listeners } = value;
  return JSON.stringify({ incarnation, host, port, rack, listeners });
}

export function formatLastRegistrationValue(value: LastRegistrationValue): string {
  return JSON.stringify(value);
}

/** Of a drained broker: that there is the key says it all. */
export function formatDrainedBrokerValue(): string {
  return "{}";
}

/** Of a topic that was deleted: that there is the key says it all. */
export function formatDeletedTopicValue(): string {
  return "{}";
}

export function formatTopicValue(value: TopicValue): string {
  const { id, partitions, configs } = value;
  return JSON.stringify({ id, partitions, configs });
}

export function formatPartitionValue(value: PartitionValue): string {
  const { leader = null, leaderBrokerEpoch, leaderEpoch, replicas } = value;
  const { inSyncReplicas: isr, eligibleLeaderReplicas: elr, lastEligibleLeaderReplicas: lastElr } = value;
  const { addingReplicas: adding, removingReplicas: removing, uncleanEpoch } = value;
  const sets = { isr, elr, lastElr, replicas, adding, removing };
  return JSON.stringify({ leader, leaderBrokerEpoch, leaderEpoch, ...sets, uncleanEpoch });
}

export function formatProducerIdsValue(value: ProducerIdsValue): string {
  return JSON.stringify({ next: value.next });
}

/** @throws SluiceError CORRUPT_CLUSTER_KEY, as all readers here */
export function parseClusterValue(key: string, text: string): ClusterValue {
  return { clusterId: new Members(key, text).text("clusterId") };
}

export function parseHistoryValue(key: string, text: string): HistoryValue {
  const members = new Members(key, text);
  return { number: members.int32("number"), state: members.oneOf("state", ["restored", "adopted"]) };
}

export function parseControllerValue(key: string, text: string): ControllerValue {
  return { brokerId: brokerId(new Members(key, text).int32("brokerId")) };
}

export function parseBrokerValue(key: string, text: string): BrokerValue {
  const members = new Members(key, text);
  return {
    incarnation: members.text("incarnation"),
    host: members.text("host"),
    port: members.int32("port"),
    rack: members.text("rack"),
    listeners: members.endpoints("listeners"),
  };
}

export function parseLastRegistrationValue(key: string, text: string): LastRegistrationValue {
  const members = new Members(key, text);
  const state = members.oneOf("state", ["fenced", "active"]);
  if (state === "active") return { state, brokerEpoch: members.revision("brokerEpoch") };
  return { state, incarnation: members.has("incarnation") ? members.text("incarnation") : "" };
}

export function parseTopicValue(key: string, text: string): TopicValue {
  const members = new Members(key, text);
  return {
    id: members.topicId("id"),
    partitions: members.int32("partitions"),
    configs: members.texts("configs"),
  };
}

export function parsePartitionValue(key: string, text: string): PartitionValue {
  const members = new Members(key, text);
  return {
    leader: members.isNull("leader") ? undefined : brokerId(members.int32("leader")),
    leaderBrokerEpoch: members.revision("leaderBrokerEpoch"),
    leaderEpoch: leaderEpoch(members.int32("leaderEpoch")),
    inSyncReplicas: members.brokerIds("isr"),
    eligibleLeaderReplicas: members.brokerIdsOrNone("elr"),
    lastEligibleLeaderReplicas: members.brokerIdsOrNone("lastElr"),
    replicas: members.brokerIds("replicas"),
    addingReplicas: members.brokerIdsOrNone("adding"),
    removingReplicas: members.brokerIdsOrNone("removing"),
    ...(members.has("uncleanEpoch") ? { uncleanEpoch: leaderEpoch(members.int32("uncleanEpoch")) } : {}),
  };
}

export function parseProducerIdsValue(key: string, text: string): ProducerIdsValue {
  return { next: new Members(key, text).safeInteger("next", "a producer id") };
}

/** Members of the JSON object that a key holds, each read as what it must be. */
class Members {
  readonly #key: string;
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(key: string, text: string) {
    this.#key = key;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw corruptKey(key, "its value is not JSON", error);
    }
    if (!isObject(value)) throw corruptKey(key, "its value is not a JSON object");
    this.#members = value;
  }

  isNull(name: string): boolean {
    return this.#members[name] === null;
  }

  text(name: string): string {
    const value = this.#members[name];
    return typeof value === "string" ? value : this.#refuse(name, "text");
  }

  int32(name: string): number {
    const value = this.#members[name];
    return isInt32(value) ? value : this.#refuse(name, "a number from 0 to 2147483647");
  }

  revision(name: string): number {
    return this.safeInteger(name, "a revision");
  }

  safeInteger(name: string, wanted: string): number {
    const value = this.#members[name];
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : this.#refuse(name, wanted);
  }

  brokerIds(name: string): BrokerId[] {
    const value = this.#members[name];
    if (!Array.isArray(value) || !value.every(isInt32)) return this.#refuse(name, "a list of broker ids");
    return value.map(brokerId);
  }

  has(name: string): boolean {
    return this.#members[name] !== undefined;
  }

  /** Missing: an earlier version wrote it, which had no such list. */
  brokerIdsOrNone(name: string): BrokerId[] {
    return this.#members[name] === undefined ? [] : this.brokerIds(name);
  }

  oneOf<Value extends string>(name: string, values: readonly Value[]): Value {
    const value = this.#members[name];
    return values.find((known) => known === value) ?? this.#refuse(name, `one of ${values.join(", ")}`);
  }

  endpoints(name: string): Record<string, BrokerEndpoint> {
    const value = this.#members[name] ?? {};
    if (!isObject(value)) return this.#refuse(name, "an object");
    const entries = Object.entries(value).map(([listener, endpoint]): [string, BrokerEndpoint] => {
      return [listener, isEndpoint(endpoint) ? endpoint : this.#refuse(name, "an object of hosts and ports")];
    });
    return Object.fromEntries(entries);
  }

  texts(name: string): Record<string, string> {
    const value = this.#members[name];
    if (!isObject(value)) return this.#refuse(name, "an object");
    const entries = Object.entries(value).map(([key, text]): [string, string] => [
      key,
      typeof text === "string" ? text : this.#refuse(name, "an object of texts"),
    ]);
    return Object.fromEntries(entries);
  }

  topicId(name: string): TopicId {
    try {
      return parseTopicId(this.text(name));
    } catch (error) {
      throw isSluiceError(error, "INVALID_REQUEST") ? corruptKey(this.#key, error.message, error) : error;
    }
  }

  #refuse(name: string, wanted: string): never {
    throw corruptKey(this.#key, `'${name}' is not ${wanted}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEndpoint(value: unknown): value is BrokerEndpoint {
  return isObject(value) && typeof value.host === "string" && isInt32(value.port);
}

function isInt32(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0x7fffffff;
}
