// Original file: ../../proto/sluice/v1/replication.proto

import type { Long } from '@grpc/proto-loader';

/**
 * From follower to leader. Without topic_id: a keep-alive, or the first message.
 */
export interface ReplicateRequest {
  /**
   * Broker that follows.
   */
  'brokerId'?: (number);
  /**
   * Its registration.
   */
  'brokerEpoch'?: (number | string | Long);
  /**
   * Id of the topic, a UUID.
   */
  'topicId'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * Leader epoch that the follower is in.
   */
  'leaderEpoch'?: (number);
  /**
   * Its log end: the first offset that it wants.
   */
  'fetchOffset'?: (number | string | Long);
  /**
   * Epoch of its last batch, + 1. 0: its log is empty.
   */
  'lastFetchedEpochPlusOne'?: (number);
  /**
   * Up to where its log survives a power loss, exclusive.
   */
  'flushedOffset'?: (number | string | Long);
  /**
   * It does not follow the partition (any more).
   */
  'forget'?: (boolean);
  /**
   * Send from fetch_offset on: what was sent before was lost or was not wanted. Without it, the message only says how far it is.
   */
  'restart'?: (boolean);
  /**
   * Without topic_id: registration of the broker that is to be followed. Another life of it refuses the stream.
   */
  'leaderBrokerEpoch'?: (number | string | Long);
  /**
   * The follower stops: it follows nothing any more, and ends the stream.
   */
  'stopping'?: (boolean);
  /**
   * There was no room for what was sent: the leader is not to wait for this replica until it asks anew.
   */
  'full'?: (boolean);
}

/**
 * From follower to leader. Without topic_id: a keep-alive, or the first message.
 */
export interface ReplicateRequest__Output {
  /**
   * Broker that follows.
   */
  'brokerId': (number);
  /**
   * Its registration.
   */
  'brokerEpoch': (number);
  /**
   * Id of the topic, a UUID.
   */
  'topicId': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * Leader epoch that the follower is in.
   */
  'leaderEpoch': (number);
  /**
   * Its log end: the first offset that it wants.
   */
  'fetchOffset': (number);
  /**
   * Epoch of its last batch, + 1. 0: its log is empty.
   */
  'lastFetchedEpochPlusOne': (number);
  /**
   * Up to where its log survives a power loss, exclusive.
   */
  'flushedOffset': (number);
  /**
   * It does not follow the partition (any more).
   */
  'forget': (boolean);
  /**
   * Send from fetch_offset on: what was sent before was lost or was not wanted. Without it, the message only says how far it is.
   */
  'restart': (boolean);
  /**
   * Without topic_id: registration of the broker that is to be followed. Another life of it refuses the stream.
   */
  'leaderBrokerEpoch': (number);
  /**
   * The follower stops: it follows nothing any more, and ends the stream.
   */
  'stopping': (boolean);
  /**
   * There was no room for what was sent: the leader is not to wait for this replica until it asks anew.
   */
  'full': (boolean);
}
