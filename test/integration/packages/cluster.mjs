// A cluster for the commands of the quickstart: it says where it is, and ends with its input.
import { startTestCluster } from "@sluice/testing";

const cluster = await startTestCluster({ brokers: 3 });
console.log(cluster.brokers.join(","));
process.stdin.resume().on("end", () => void cluster.close());
