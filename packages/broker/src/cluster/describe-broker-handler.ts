/** Cluster.DescribeBroker: the broker that answers: its settings and where they came from, its health, its version, its disk. */

import type { ClusterImage } from "@sluice/cluster";
import type { ImageWatcher } from "@sluice/coordination";
import { type BrokerId, type Clock, type ServedMethod, serveUnary, toSluiceError } from "@sluice/model";
import { type Broker, type BrokerSetting, clusterService } from "@sluice/protocol";
import { type BrokerConfig, brokerConfigTable } from "../broker-config.js";
import { describeSettings } from "../load-broker-config.js";
import type { DialledListener } from "./dialled-listener.js";
import { describeBroker } from "./metadata.js";

/** What a broker knows of itself, beside what the cluster image shows. */
export interface BrokerSelf {
  /** Version of Sluice. */
  readonly version: string;
  /** By the wall clock, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** All settings, secrets masked. */
  settings(): readonly BrokerSetting[];
  readiness(): { readonly isReady: boolean; readonly problems: readonly string[] };
  /** The disk of the data directory, in bytes. Rejects where it cannot be asked. */
  diskBytes(): Promise<{ readonly total: number; readonly free: number }>;
  /** Partitions that it leads. */
  leaderPartitions(): number;
}

export interface DescribeBrokerDependencies {
  readonly images: ImageWatcher;
  readonly clock: Clock;
  readonly self: BrokerSelf;
  /** Name of the listener at which this is served. Undefined or empty: the only one. */
  readonly listener?: string | undefined;
}

/** Serves Cluster.DescribeBroker. */
export function serveDescribeBroker(
  options: { readonly brokerId: BrokerId },
  dependencies: DescribeBrokerDependencies,
): ServedMethod {
  const { images, clock, self, listener } = dependencies;
  return serveUnary(clusterService.describeBroker, async (_request, { authority }) => {
    const { disk, diskProblems } = await readDisk(self);
    const { isReady, problems } = self.readiness();
    return {
      broker: registeredBroker(options.brokerId, images.image, { listener, authority }),
      version: self.version,
      startedAtMs: self.startedAtMs,
      nowMs: clock.nowMs(),
      configs: [...self.settings()],
      ready: isReady,
      problems: [...problems, ...diskProblems],
      diskBytesTotal: disk.total,
      diskBytesFree: disk.free,
      leaderPartitions: self.leaderPartitions(),
    };
  });
}

/** Where the disk cannot be asked, that is what whoever looks at the broker wants to know: the rest is answered all the same. */
async function readDisk(self: BrokerSelf) {
  try {
    return { disk: await self.diskBytes(), diskProblems: [] };
  } catch (error) {
    const { message } = toSluiceError(error);
    return {
      disk: { total: 0, free: 0 },
      diskProblems: [`The disk of the data directory cannot be asked: ${message}`],
    };
  }
}

/** A setting whose origin nobody noted came from whoever made the configuration: a program that starts brokers. */
const originUnknown = "the program that started it";

/**
 * All settings of a broker as they travel, by key. Secrets are masked.
 *
 * @param origins where a value came from, in words, by key; keys that have their default need not be in it
 */
export function brokerSettings(config: BrokerConfig, origins: ReadonlyMap<string, string>): BrokerSetting[] {
  const known = new Map(origins);
  for (const [key, definition] of Object.entries(brokerConfigTable)) {
    const isDefault = config[key as keyof BrokerConfig] === definition.default;
    if (!known.has(key) && !isDefault) known.set(key, originUnknown);
  }
  const settings = describeSettings(brokerConfigTable, { config, origins: known });
  return settings.map(({ key, value, origin }) => ({ key, value, origin }));
}

/** As the cluster knows it: other brokers and clients go by that. Host and port are not known while it is not registered. */
function registeredBroker(id: BrokerId, image: ClusterImage, dialled: DialledListener): Broker {
  const registered = image.brokers.get(id);
  if (registered !== undefined) return describeBroker(registered, { image, dialled });
  return { id, host: "", port: 0, rack: "", brokerEpoch: 0, fenced: true, drained: image.drainedBrokers.has(id) };
}
