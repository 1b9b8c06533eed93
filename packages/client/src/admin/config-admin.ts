/** The requests of an admin about settings, in kafkajs's shape, and about brokers. */

import { SluiceError } from "@sluice/model";
import { clusterService, type DescribeBrokerResponse } from "@sluice/protocol";
import type { Cancellable } from "../cancellation.js";
import { replacedOptions } from "../kafkajs-options.js";
import { checkOptionNames } from "../option-check.js";
import type { AdminCalls } from "./admin-calls.js";
import { adminError, forEachItem } from "./admin-failures.js";
import type {
  AlterConfigs,
  AlterConfigsResponse,
  BrokerDescription,
  ConfigResource,
  DescribeConfigs,
  DescribeConfigsResponse,
  DescribedConfig,
  DescribedResource,
} from "./admin-types.js";
import { listOf, type TopicAdmin } from "./topic-admin.js";

/** What settings belong to, as kafkajs numbers it. */
export const ConfigResourceTypes = { UNKNOWN: 0, TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8 } as const;

/** Where the value of a setting came from, as kafkajs numbers it. */
export const ConfigSource = {
  UNKNOWN: 0,
  TOPIC_CONFIG: 1,
  DYNAMIC_BROKER_CONFIG: 2,
  DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
  STATIC_BROKER_CONFIG: 4,
  DEFAULT_CONFIG: 5,
  DYNAMIC_BROKER_LOGGER_CONFIG: 6,
} as const;

const concurrency = 16;
/** What a broker says of where a value came from, where nobody set it. */
const defaultOrigin = "default";

export class ConfigAdmin {
  readonly #calls: AdminCalls;
  readonly #topics: TopicAdmin;

  constructor(calls: AdminCalls, topics: TopicAdmin) {
    this.#calls = calls;
    this.#topics = topics;
  }

  async describe(request: DescribeConfigs, options: Cancellable): Promise<DescribeConfigsResponse> {
    checkOptionNames("describeConfigs", request, ["resources", "includeSynonyms"], replacedOptions("describeConfigs"));
    const resources = listOf("describeConfigs", "resources", request.resources);
    for (const resource of resources) {
      checkOptionNames("a resource", resource, ["type", "name", "configNames"], replacedOptions("describedResource"));
      checkType(resource, [ConfigResourceTypes.TOPIC, ConfigResourceTypes.BROKER]);
    }
    const { results, failures } = await forEachItem(
      resources,
      { concurrency, nameOf: ({ name }) => name },
      async (resource): Promise<DescribedResource> => {
        const all = await this.#settingsOf(resource, options);
        const { configNames, name, type } = resource;
        const wanted =
          configNames === undefined ? all : all.filter(({ configName }) => configNames.includes(configName));
        return { configEntries: wanted, errorCode: 0, errorMessage: "", resourceName: name, resourceType: type };
      },
    );
    if (failures.length > 0) throw adminError(failures);
    return { resources: results, throttleTime: 0 };
  }

  /** Gives each topic these settings, and all others their defaults. */
  async alter(request: AlterConfigs, options: Cancellable): Promise<AlterConfigsResponse> {
    checkOptionNames("alterConfigs", request, ["resources", "validateOnly"], replacedOptions("alterConfigs"));
    const resources = listOf("alterConfigs", "resources", request.resources);
    for (const resource of resources) {
      checkOptionNames("a resource", resource, ["type", "name", "configEntries"], replacedOptions("alteredResource"));
      checkType(resource, [ConfigResourceTypes.TOPIC]);
    }
    const { results, failures } = await forEachItem(
      resources,
      { concurrency, nameOf: ({ name }) => name },
      async ({ name, type, configEntries }) => {
        const set = Object.fromEntries(configEntries.map((entry) => [entry.name, entry.value]));
        const known = await this.#topics.configs(name, options);
        const reset = known.map((entry) => entry.name).filter((key) => !Object.hasOwn(set, key));
        const dryRun = request.validateOnly ?? false;
        await this.#topics.alterConfigs({ topic: name, set, reset, dryRun }, options);
        return { errorCode: 0, errorMessage: "", resourceName: name, resourceType: type };
      },
    );
    if (failures.length > 0) throw adminError(failures);
    return { resources: results, throttleTime: 0 };
  }

  async describeBroker(request: { readonly brokerId?: number | undefined }, options: Cancellable) {
    checkOptionNames("describeBroker", request, ["brokerId"]);
    if (request.brokerId === undefined) {
      return brokerOf(await this.#calls.callAny(clusterService.describeBroker, {}, options));
    }
    const { brokers } = await this.#calls.describe([], options);
    const broker = brokers.find(({ id }) => id === request.brokerId);
    if (broker === undefined) {
      const ids = brokers.map(({ id }) => id).join(", ");
      throw new SluiceError("INVALID_REQUEST", { reason: `there is no broker ${request.brokerId}, only ${ids}` });
    }
    const { connections } = this.#calls.dependencies;
    return brokerOf(await connections.call(broker.address, clusterService.describeBroker, {}, options));
  }

  async #settingsOf(resource: ConfigResource, options: Cancellable): Promise<DescribedConfig[]> {
    if (resource.type === ConfigResourceTypes.TOPIC) {
      const configs = await this.#topics.configs(resource.name, options);
      return configs.map(({ name, value, isDefault }) =>
        described({
          name,
          value,
          isDefault,
          source: isDefault ? ConfigSource.DEFAULT_CONFIG : ConfigSource.TOPIC_CONFIG,
        }),
      );
    }
    if (!/^\d{1,10}$/.test(resource.name)) {
      throw new SluiceError("INVALID_REQUEST", { reason: `'${resource.name}' is not the id of a broker` });
    }
    const { configs } = await this.describeBroker({ brokerId: Number(resource.name) }, options);
    return configs.map(({ name, value, origin }) => {
      const isDefault = origin === defaultOrigin;
      const source = isDefault ? ConfigSource.DEFAULT_CONFIG : ConfigSource.STATIC_BROKER_CONFIG;
      return { ...described({ name, value, isDefault, source }), readOnly: true };
    });
  }
}

function described(setting: {
  readonly name: string;
  readonly value: string;
  readonly isDefault: boolean;
  readonly source: number;
}): DescribedConfig {
  const { name: configName, value: configValue, isDefault, source: configSource } = setting;
  const rest = { isSensitive: false, readOnly: false, configSynonyms: [] };
  return { configName, configValue, isDefault, configSource, ...rest };
}

function brokerOf(answer: DescribeBrokerResponse): BrokerDescription {
  return {
    brokerId: answer.broker?.id ?? -1,
    host: answer.broker?.host ?? "",
    port: answer.broker?.port ?? 0,
    rack: answer.broker?.rack ?? "",
    version: answer.version,
    startedAtMs: answer.startedAtMs,
    nowMs: answer.nowMs,
    isReady: answer.ready,
    problems: answer.problems,
    diskBytesTotal: answer.diskBytesTotal,
    diskBytesFree: answer.diskBytesFree,
    leaderPartitions: answer.leaderPartitions,
    configs: answer.configs.map(({ key, value, origin }) => ({ name: key, value, origin })),
  };
}

/** @throws SluiceError UNSUPPORTED */
function checkType(resource: { readonly type: number; readonly name: string }, types: readonly number[]): void {
  if (types.includes(resource.type)) return;
  throw new SluiceError("UNSUPPORTED", { feature: `Resource type ${resource.type} (of '${resource.name}') here` });
}
