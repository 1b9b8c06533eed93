/** A cluster of three brokers in a process of its own, which ends under its clients and comes back on its data. */

import { freePortRange } from "./free-ports.js";
import { startClusterProcess } from "./program.js";
import { temporaryDirectory } from "./temporary-directory.js";

export interface StruckCluster {
  readonly brokers: string;
  /** It ends, and comes back; resolves when it serves again. @throws Error when it does not end well */
  strike(): Promise<void>;
  /** Ends it for good. @throws Error when it does not end well */
  stop(): Promise<void>;
}

/** @param how `killed`: with SIGKILL; `stopped`: with SIGTERM, so that its brokers finish what they have. */
export async function startStruckCluster(how: "killed" | "stopped"): Promise<StruckCluster> {
  const dataDirectory = await temporaryDirectory();
  const port = await freePortRange(3);
  let cluster = await startClusterProcess({ dataDirectory, port });
  const stop = async (): Promise<void> => {
    const code = await cluster.stop();
    if (code !== 0) throw new Error(`the cluster ended with ${code}`);
  };
  return {
    brokers: cluster.brokers,
    strike: async () => {
      if (how === "killed") await cluster.kill();
      else await stop();
      cluster = await startClusterProcess({ dataDirectory, port });
    },
    stop,
  };
}
