/** What whoever runs a broker has of it. */

export interface RunningBroker extends AsyncDisposable {
  readonly id: number;
  /** Host and port that other brokers dial, and clients too where no listener has a name. */
  readonly host: string;
  readonly port: number;
  /** By name, the port of each gRPC listener that has one. */
  readonly listenerPorts: ReadonlyMap<string, number>;
  /** Port of /healthz, /readyz and /metrics. */
  readonly httpPort: number;
  /** Stops it, cleanly. Closing twice is closing once. */
  close(): Promise<void>;
}

/** A broker that can be started once. */
export interface StartableBroker extends RunningBroker {
  /** @throws SluiceError as `startBroker`; it is to be closed then, too */
  start(): Promise<void>;
}
