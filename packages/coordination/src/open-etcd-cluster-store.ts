/**
 * Opens the cluster store that is kept in etcd.
 *
 * The client of etcd is loaded here, by whoever opens one: a broker with a store of its own has no use for it.
 */

import { type Clock, type FileSystem, type Random, SluiceError } from "@sluice/model";
import type { ClusterStore } from "./cluster-store.js";

export interface EtcdClusterStoreOptions {
  /** URLs of members: `http://etcd-1:2379`. All of them https, or none. */
  readonly endpoints: readonly string[];
  /** What every key begins with in etcd, so that several clusters can share one. Default: nothing. */
  readonly prefix?: string;
  /** User and password for etcd. Empty or absent: none. */
  readonly user?: string;
  readonly password?: string;
  /** PEM file of the authority that signed etcd's certificates. Empty or absent: those that Node knows. */
  readonly caFile?: string;
  /** PEM files of a certificate to show to etcd, and of its key. Both, or neither. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /**
   * How long one member may take to answer, in milliseconds. Default 3000. A call is tried again for five times as long; a keep-alive is
   * not, so that this is a third of the shortest lease time at most.
   */
  readonly callTimeoutMs?: number;
}

export interface EtcdClusterStoreDependencies {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
}

const callTimeoutMsDefault = 3000;
/** How long a call is tried again, in call timeouts. */
const patienceFactor = 5;

/**
 * Reads the files of the certificates; does not wait for etcd.
 *
 * @throws SluiceError INVALID_REQUEST for options that make no sense, FILE_NOT_FOUND
 */
export async function openEtcdClusterStore(
  options: EtcdClusterStoreOptions,
  dependencies: EtcdClusterStoreDependencies,
): Promise<ClusterStore> {
  checkOptions(options);
  const { endpoints, prefix = "", user = "", password = "", callTimeoutMs = callTimeoutMsDefault } = options;
  const [ca, cert, key] = await Promise.all(
    [options.caFile, options.certFile, options.keyFile].map((path) => readPem(path, dependencies.fileSystem)),
  );
  const { EtcdClusterStore } = await import("./etcd/etcd-cluster-store.js");
  return new EtcdClusterStore(
    {
      endpoints,
      prefix,
      callTimeoutMs,
      patienceMs: patienceFactor * callTimeoutMs,
      auth: user === "" ? undefined : { username: user, password },
      tls: isSecure(options) ? { ca, cert, key } : undefined,
    },
    dependencies,
  );
}

function isSecure({ endpoints }: EtcdClusterStoreOptions): boolean {
  return endpoints.some((endpoint) => endpoint.startsWith("https://"));
}

function checkOptions(options: EtcdClusterStoreOptions): void {
  const { endpoints, caFile = "", certFile = "", keyFile = "" } = options;
  if (endpoints.length === 0) throw invalid("there is no endpoint of etcd");
  for (const endpoint of endpoints) {
    if (!/^https?:\/\/[^/\s]+$/.test(endpoint)) {
      throw invalid(`'${endpoint}' is not an endpoint of etcd, such as http://127.0.0.1:2379`);
    }
  }
  if (isSecure(options)) {
    if (!endpoints.every((endpoint) => endpoint.startsWith("https://"))) {
      throw invalid("some endpoints of etcd are https and some are not");
    }
  } else if (caFile + certFile + keyFile !== "") {
    throw invalid("there are files for TLS, and the endpoints of etcd are not https");
  }
  if ((certFile === "") !== (keyFile === "")) {
    throw invalid("a certificate for etcd and its key go together");
  }
}

async function readPem(path: string | undefined, fileSystem: FileSystem): Promise<Buffer | undefined> {
  if (path === undefined || path === "") return undefined;
  try {
    return await fileSystem.readFile(path);
  } catch (error) {
    throw new SluiceError("FILE_NOT_FOUND", { path }, { cause: error });
  }
}

function invalid(reason: string): SluiceError<"INVALID_REQUEST"> {
  return new SluiceError("INVALID_REQUEST", { reason });
}
