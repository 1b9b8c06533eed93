/**
 * Values of the cluster store: JSON objects, one shape for each family of keys.
 *
 *     cluster           {"clusterId":"<uuid>"}
 *     controller        {"brokerId":1}
 *     brokers/ids/<id>  {"incarnation":"<uuid>","host":"127.0.0.1","port":9092,"rack":""}
 *     topics/<name>     {"id":"<uuid>","partitions":6,"replicationFactor":1,"configs":{"flush":"os"}}
 *     parts/<id>/<n>    {"leader":1,"leaderBrokerEpoch":7,"leaderEpoch":3,"isr":[1],"replicas":[1]}    leader null: none
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
import { corruptKey } from "./cluster-keys.js";

export interface ClusterValue {
  readonly clusterId: string;
}

export interface ControllerValue {
  readonly brokerId: BrokerId;
}

export interface BrokerValue {
  readonly incarnation: string;
  readonly host: string;
  readonly port: number;
  readonly rack: string;
}

export interface TopicValue {
  readonly id: TopicId;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Settings that differ from the default. */
  readonly configs: Readonly<Record<string, string>>;
}

export interface PartitionValue {
  /** Undefined: none; null in JSON. */
  readonly leader: BrokerId | undefined;
  /** 0 where there is no leader. */
  readonly leaderBrokerEpoch: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly inSyncReplicas: readonly BrokerId[];
  readonly replicas: readonly BrokerId[];
}

export interface ProducerIdsValue {
  /** First id of the next block. All below were given to brokers. */
  readonly next: number;
}

export function formatClusterValue(value: ClusterValue): string {
  return JSON.stringify({ clusterId: value.clusterId });
}

export function formatControllerValue(value: ControllerValue): string {
  return JSON.stringify({ brokerId: value.brokerId });
}

export function formatBrokerValue(value: BrokerValue): string {
  const { incarnation, host, port, rack } = value;
  return JSON.stringify({ incarnation, host, port, rack });
}

export function formatTopicValue(value: TopicValue): string {
  const { id, partitions, replicationFactor, configs } = value;
  return JSON.stringify({ id, partitions, replicationFactor, configs });
}

export function formatPartitionValue(value: PartitionValue): string {
  const { leader = null, leaderBrokerEpoch, leaderEpoch, inSyncReplicas: isr, replicas } = value;
  return JSON.stringify({ leader, leaderBrokerEpoch, leaderEpoch, isr, replicas });
}

export function formatProducerIdsValue(value: ProducerIdsValue): string {
  return JSON.stringify({ next: value.next });
}

/** @throws SluiceError CORRUPT_CLUSTER_KEY, as all readers here */
export function parseClusterValue(key: string, text: string): ClusterValue {
  return { clusterId: new Members(key, text).text("clusterId") };
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
  };
}

export function parseTopicValue(key: string, text: string): TopicValue {
  const members = new Members(key, text);
  return {
    id: members.topicId("id"),
    partitions: members.int32("partitions"),
    replicationFactor: members.int32("replicationFactor"),
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
    replicas: members.brokerIds("replicas"),
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

function isInt32(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0x7fffffff;
}
