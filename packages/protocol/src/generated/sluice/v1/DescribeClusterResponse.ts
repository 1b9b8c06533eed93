// Original file: ../../proto/sluice/v1/cluster.proto

import type { Broker as _sluice_v1_Broker, Broker__Output as _sluice_v1_Broker__Output } from '../../sluice/v1/Broker.js';
import type { Topic as _sluice_v1_Topic, Topic__Output as _sluice_v1_Topic__Output } from '../../sluice/v1/Topic.js';
import type { Long } from '@grpc/proto-loader';

export interface DescribeClusterResponse {
  /**
   * Identity of the cluster, a UUID.
   */
  'clusterId'?: (string);
  /**
   * Broker that acts as controller, + 1. 0: none at present.
   */
  'controllerIdPlusOne'?: (number);
  /**
   * Brokers that are registered, by id.
   */
  'brokers'?: (_sluice_v1_Broker)[];
  /**
   * Topics, by name. One that was asked for and does not exist has error set.
   */
  'topics'?: (_sluice_v1_Topic)[];
  /**
   * Revision of the cluster store that this answer shows. It only grows.
   */
  'revision'?: (number | string | Long);
  /**
   * Of a watch: topics that no longer exist.
   */
  'deletedTopics'?: (string)[];
  /**
   * Of a watch: this answer holds only what has changed.
   */
  'isDelta'?: (boolean);
}

export interface DescribeClusterResponse__Output {
  /**
   * Identity of the cluster, a UUID.
   */
  'clusterId': (string);
  /**
   * Broker that acts as controller, + 1. 0: none at present.
   */
  'controllerIdPlusOne': (number);
  /**
   * Brokers that are registered, by id.
   */
  'brokers': (_sluice_v1_Broker__Output)[];
  /**
   * Topics, by name. One that was asked for and does not exist has error set.
   */
  'topics': (_sluice_v1_Topic__Output)[];
  /**
   * Revision of the cluster store that this answer shows. It only grows.
   */
  'revision': (number);
  /**
   * Of a watch: topics that no longer exist.
   */
  'deletedTopics': (string)[];
  /**
   * Of a watch: this answer holds only what has changed.
   */
  'isDelta': (boolean);
}
