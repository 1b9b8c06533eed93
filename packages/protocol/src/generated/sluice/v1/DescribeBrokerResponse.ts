// Original file: ../../proto/sluice/v1/cluster.proto

import type { Broker as _sluice_v1_Broker, Broker__Output as _sluice_v1_Broker__Output } from '../../sluice/v1/Broker.js';
import type { BrokerSetting as _sluice_v1_BrokerSetting, BrokerSetting__Output as _sluice_v1_BrokerSetting__Output } from '../../sluice/v1/BrokerSetting.js';
import type { Long } from '@grpc/proto-loader';

export interface DescribeBrokerResponse {
  /**
   * The broker.
   */
  'broker'?: (_sluice_v1_Broker | null);
  /**
   * Version of Sluice that it runs.
   */
  'version'?: (string);
  /**
   * When it started, milliseconds since 1970 by its clock.
   */
  'startedAtMs'?: (number | string | Long);
  /**
   * Its clock when it answered, milliseconds since 1970.
   */
  'nowMs'?: (number | string | Long);
  /**
   * Its settings, by key. Secrets are masked.
   */
  'configs'?: (_sluice_v1_BrokerSetting)[];
  /**
   * It is ready: everything that it should serve, it serves.
   */
  'ready'?: (boolean);
  /**
   * What is not as it should be, in words, with or without it being ready.
   */
  'problems'?: (string)[];
  /**
   * Bytes of the disk of its data directory.
   */
  'diskBytesTotal'?: (number | string | Long);
  /**
   * Bytes of it that are free.
   */
  'diskBytesFree'?: (number | string | Long);
  /**
   * Partitions that it leads.
   */
  'leaderPartitions'?: (number);
}

export interface DescribeBrokerResponse__Output {
  /**
   * The broker.
   */
  'broker': (_sluice_v1_Broker__Output | null);
  /**
   * Version of Sluice that it runs.
   */
  'version': (string);
  /**
   * When it started, milliseconds since 1970 by its clock.
   */
  'startedAtMs': (number);
  /**
   * Its clock when it answered, milliseconds since 1970.
   */
  'nowMs': (number);
  /**
   * Its settings, by key. Secrets are masked.
   */
  'configs': (_sluice_v1_BrokerSetting__Output)[];
  /**
   * It is ready: everything that it should serve, it serves.
   */
  'ready': (boolean);
  /**
   * What is not as it should be, in words, with or without it being ready.
   */
  'problems': (string)[];
  /**
   * Bytes of the disk of its data directory.
   */
  'diskBytesTotal': (number);
  /**
   * Bytes of it that are free.
   */
  'diskBytesFree': (number);
  /**
   * Partitions that it leads.
   */
  'leaderPartitions': (number);
}
