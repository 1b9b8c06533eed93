// Original file: ../../proto/sluice/v1/log.proto

import type { Acks as _sluice_v1_Acks, Acks__Output as _sluice_v1_Acks__Output } from '../../sluice/v1/Acks.js';
import type { Long } from '@grpc/proto-loader';

export interface ProduceRequest {
  /**
   * Chosen by the client and given back in the answer. Unique among what is in flight on the stream; below 2^53.
   */
  'correlationId'?: (number | string | Long);
  /**
   * Name of the topic.
   */
  'topic'?: (string);
  /**
   * Partition, from 0.
   */
  'partition'?: (number);
  /**
   * When to answer.
   */
  'acks'?: (_sluice_v1_Acks);
  /**
   * Leader epoch that the client knows, + 1. 0: it knows none. An older or newer one is refused, so that nothing is written by a stale route.
   */
  'leaderEpochPlusOne'?: (number);
  /**
   * One record batch, format v2, with base offset 0.
   */
  'records'?: (Buffer | Uint8Array | string);
}

export interface ProduceRequest__Output {
  /**
   * Chosen by the client and given back in the answer. Unique among what is in flight on the stream; below 2^53.
   */
  'correlationId': (number);
  /**
   * Name of the topic.
   */
  'topic': (string);
  /**
   * Partition, from 0.
   */
  'partition': (number);
  /**
   * When to answer.
   */
  'acks': (_sluice_v1_Acks__Output);
  /**
   * Leader epoch that the client knows, + 1. 0: it knows none. An older or newer one is refused, so that nothing is written by a stale route.
   */
  'leaderEpochPlusOne': (number);
  /**
   * One record batch, format v2, with base offset 0.
   */
  'records': (Buffer);
}
