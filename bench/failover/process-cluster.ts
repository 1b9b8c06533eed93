/** Brokers that are processes of this machine, started for the benchmark. */

import { type ClusterBroker, ClusterProcesses } from "../cluster/cluster-processes.js";
import type { FailoverBroker, FailoverCluster } from "./failover-cluster.js";

/** Starts etcd, which must be on PATH, and three brokers. */
export async function startProcessCluster(): Promise<FailoverCluster> {
  const processes = await ClusterProcesses.start();
  return {
    addresses: processes.addresses,
    brokers: processes.brokers.map(strikable),
    [Symbol.asyncDispose]: () => processes[Symbol.asyncDispose](),
  };
}

function strikable(broker: ClusterBroker): FailoverBroker {
  return {
    id: broker.id,
    kill: () => broker.end("SIGKILL"),
    stop: () => broker.end("SIGTERM"),
    start: () => broker.start(),
    pause: async () => broker.signal("SIGSTOP"),
    resume: async () => broker.signal("SIGCONT"),
  };
}
