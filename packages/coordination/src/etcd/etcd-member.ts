/**
 * Connection to one member of etcd: etcd3's client, with all of its own fault handling off.
 *
 * etcd3 would send a transaction whose answer was lost again, find its compares refused by its own first try, and say that it
 * failed; and it would open a broken watch again from a revision at which events are missing. What is tried again, where and
 * with which revision is decided by the callers here.
 */

import { noop } from "cockatiel";
import {
  Etcd3,
  type ICallable,
  type IDuplexStream,
  type IOptions,
  type IWatchRequest,
  type IWatchResponse,
  WatchClient,
} from "etcd3";

/** What the connections to all members have in common. */
export interface EtcdConnectionOptions {
  /** How long one call may take, in milliseconds. */
  readonly callTimeoutMs: number;
  readonly auth: { readonly username: string; readonly password: string } | undefined;
  /** PEM bytes. Counts where the endpoints are https. */
  readonly tls: EtcdTls | undefined;
}

export interface EtcdTls {
  /** Undefined: the authorities that Node knows. */
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/**
 * The pings find a connection that went silent. They stop while no call is open: etcd takes pings on an idle connection for an
 * attack and closes it.
 */
const channelOptions = {
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 3000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  "grpc.max_receive_message_length": -1,
  "grpc.service_config_disable_resolution": 1,
};

export class EtcdMember extends Etcd3 {
  readonly endpoint: string;
  readonly #watches: WatchClient;

  constructor(
    endpoint: string,
    options: EtcdConnectionOptions & { readonly sharesConnection: boolean },
    nowMs: () => number,
  ) {
    super(clientOptions(endpoint, options, nowMs));
    this.endpoint = endpoint;
    this.#watches = new WatchClient(withLeader(this.pool));
  }

  /** Opens a stream for watches. The member ends it when it loses touch with the majority: its watches would stand still. */
  openWatch(): Promise<IDuplexStream<IWatchRequest, IWatchResponse>> {
    return this.#watches.watch();
  }
}

function clientOptions(
  endpoint: string,
  options: EtcdConnectionOptions & { readonly sharesConnection: boolean },
  nowMs: () => number,
): IOptions {
  const { callTimeoutMs, auth, tls, sharesConnection } = options;
  return {
    hosts: endpoint,
    grpcOptions: sharesConnection ? channelOptions : { ...channelOptions, "grpc.use_local_subchannel_pool": 1 },
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: nowMs() + callTimeoutMs }),
    faultHandling: { host: () => noop, global: noop },
    ...(auth === undefined ? {} : { auth }),
    ...(tls === undefined ? {} : { credentials: credentialsOf(tls) }),
  };
}

/** Only what is there: what is absent stays with gRPC's defaults, though etcd3's type demands an authority. */
function credentialsOf({ ca, cert, key }: EtcdTls): NonNullable<IOptions["credentials"]> {
  const parts = { rootCertificate: ca, certChain: cert, privateKey: key };
  return Object.fromEntries(Object.entries(parts).filter(([, pem]) => pem !== undefined)) as NonNullable<
    IOptions["credentials"]
  >;
}

/** The same connections, with calls that ask for a member that has a leader. */
function withLeader(pool: EtcdMember["pool"]): ICallable<unknown> {
  return {
    callOptionsFactory: pool.callOptionsFactory,
    exec: (service, method, parameters, options) => pool.exec(service, method, parameters, options),
    markFailed: () => undefined,
    withConnection: (service, call) =>
      pool.withConnection(service, ({ resource, client, metadata }) => {
        const asking = metadata.clone();
        asking.set("hasleader", "true");
        return call({ resource, client, metadata: asking });
      }),
  };
}
