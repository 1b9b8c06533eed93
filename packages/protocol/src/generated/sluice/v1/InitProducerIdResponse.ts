// Original file: ../../proto/sluice/v1/log.proto

import type { Long } from '@grpc/proto-loader';

export interface InitProducerIdResponse {
  /**
   * The producer id, from 0 on.
   */
  'producerId'?: (number | string | Long);
  /**
   * Epoch of the producer, for its batches: 0.
   */
  'producerEpoch'?: (number);
}

export interface InitProducerIdResponse__Output {
  /**
   * The producer id, from 0 on.
   */
  'producerId': (number);
  /**
   * Epoch of the producer, for its batches: 0.
   */
  'producerEpoch': (number);
}
