/** What `bench failover` strikes: a cluster of three brokers, wherever they run. */

/** One broker, and what can befall it. */
export interface FailoverBroker {
  readonly id: number;
  /** Ends it at once; resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to end in order; resolves when it is gone. */
  stop(): Promise<void>;
  /** Starts it again, on the data that it has. */
  start(): Promise<void>;
  /** Lets it stand still, as it is. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** Disposing of it leaves nothing of what the benchmark started. */
export interface FailoverCluster extends AsyncDisposable {
  /** `host:port` of every broker. */
  readonly addresses: readonly string[];
  readonly brokers: readonly FailoverBroker[];
}
