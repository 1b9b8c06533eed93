// Original file: ../../proto/sluice/v1/cluster.proto


export interface BrokerSetting {
  /**
   * Key, as docs/configuration.md lists it.
   */
  'key'?: (string);
  /**
   * Value in force, as text.
   */
  'value'?: (string);
  /**
   * Where the value came from, in words: "default", "a flag", a file, an environment variable.
   */
  'origin'?: (string);
}

export interface BrokerSetting__Output {
  /**
   * Key, as docs/configuration.md lists it.
   */
  'key': (string);
  /**
   * Value in force, as text.
   */
  'value': (string);
  /**
   * Where the value came from, in words: "default", "a flag", a file, an environment variable.
   */
  'origin': (string);
}
