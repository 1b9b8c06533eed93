// Original file: ../../proto/sluice/v1/cluster.proto


export interface ConfigSetting {
  /**
   * Key, as Kafka names it.
   */
  'key'?: (string);
  /**
   * Value in force, as text.
   */
  'value'?: (string);
  /**
   * Not set for this topic: the default is in force.
   */
  'isDefault'?: (boolean);
}

export interface ConfigSetting__Output {
  /**
   * Key, as Kafka names it.
   */
  'key': (string);
  /**
   * Value in force, as text.
   */
  'value': (string);
  /**
   * Not set for this topic: the default is in force.
   */
  'isDefault': (boolean);
}
