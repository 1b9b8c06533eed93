/** What `sluice dev` runs, however its brokers are run. */

export interface DevBroker {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly httpPort: number;
  /** Of its process, where it has one of its own. */
  readonly pid?: number | undefined;
}

export interface DevCluster {
  readonly brokers: readonly DevBroker[];
  /** `host:port` of each broker. */
  readonly bootstrap: readonly string[];
  /** Stops everything, in order. */
  close(): Promise<void>;
}
