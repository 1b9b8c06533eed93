// Original file: ../../proto/sluice/v1/cluster.proto


/**
 * A setting: docs/configuration.md lists the keys.
 */
export interface ConfigEntry {
  /**
   * Key, as Kafka names it.
   */
  'key'?: (string);
  /**
   * Value as text.
   */
  'value'?: (string);
}

/**
 * A setting: docs/configuration.md lists the keys.
 */
export interface ConfigEntry__Output {
  /**
   * Key, as Kafka names it.
   */
  'key': (string);
  /**
   * Value as text.
   */
  'value': (string);
}
