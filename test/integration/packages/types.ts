// What a user compiles: strict, with no conditions of ours, and with the types of libraries checked too.
import {
  type ClusterDescription,
  defineTopic,
  isSluiceError,
  json,
  Sluice,
  type SluiceOptions,
  string,
} from "@sluice/client";
import { startTestCluster, type TestCluster } from "@sluice/testing";

interface Order {
  readonly id: string;
  readonly cents: number;
}

export const orders = defineTopic("orders", { key: string, value: json<Order>(), partitions: 3 });
const options: SluiceOptions = { brokers: "sluice://localhost:9092", tracing: false };

export async function describe(): Promise<ClusterDescription | undefined> {
  const sluice = new Sluice(options);
  try {
    return await sluice.admin().describeCluster();
  } catch (error) {
    if (isSluiceError(error, "BROKER_UNREACHABLE")) return undefined;
    throw error;
  } finally {
    await sluice.close();
  }
}

export async function cluster(): Promise<TestCluster> {
  return await startTestCluster({ brokers: 3 });
}
