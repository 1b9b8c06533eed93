import type { CallContext, UnaryHandler } from "@sluice/model";
import { leaderEpoch, offset, SluiceError } from "@sluice/model";
import type { DescribeReplicasRequest, DescribeReplicasResponse } from "@sluice/protocol";
import { describe, expect, it } from "vitest";
import { replicaName } from "../testing/replica-fakes.js";
import { serveDescribeReplicas } from "./describe-replicas-handler.js";
import type { ReplicaDescription } from "./replica-access.js";

const replicas: readonly ReplicaDescription[] = [1, 2].map((number) => ({
  ...replicaName(number),
  lastEpoch: number === 1 ? undefined : leaderEpoch(0),
  logEndOffset: offset(10 * number),
  logStartOffset: offset(number),
  highWatermark: offset(5 * number),
  sizeBytes: 100 * number,
}));

const partitions = {
  describeReplicas: () => replicas,
  describeReplica: ({ topicId }: { readonly topicId: string }) => replicas.find((one) => one.topicId === topicId),
};

function call(request: DescribeReplicasRequest): Promise<DescribeReplicasResponse> {
  const storeHistory = {
    number: 2,
    refusesRoles: true,
    knownEpoch: ({ topicId }: { readonly topicId: string }) => (topicId === replicaName(2).topicId ? 4 : undefined),
  };
  const served = serveDescribeReplicas({ partitions, brokerEpoch: () => 7, storeHistory });
  const handler = served.handler as UnaryHandler<DescribeReplicasRequest, DescribeReplicasResponse>;
  return handler(request, {} as CallContext);
}

describe("DescribeReplicas", () => {
  it("tells of all replicas that are here, an empty log apart from one of epoch 0", async () => {
    const { replicas: told, ...broker } = await call({ replicas: [] });
    expect(broker).toEqual({ brokerEpoch: 7, history: 2, refusesRoles: true });
    expect(told).toMatchObject([
      { ...replicaName(1), lastEpochPlusOne: 0, logEndOffset: 10, logStartOffset: 1, highWatermark: 5, sizeBytes: 100 },
      { ...replicaName(2), lastEpochPlusOne: 1, knownEpochPlusOne: 5, logEndOffset: 20 },
    ]);
  });

  it("tells of those that are asked for, and leaves out what is not here", async () => {
    const { replicas: told } = await call({ replicas: [replicaName(2), replicaName(3)] });
    expect(told.map(({ topicId }) => topicId)).toEqual([replicaName(2).topicId]);
  });

  it("refuses what is no topic id, and too many", async () => {
    await expect(call({ replicas: [{ topicId: "../x", partition: 0 }] })).rejects.toThrow(SluiceError);
    const many = Array.from({ length: 100_001 }, () => replicaName(1));
    await expect(call({ replicas: many })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });
});
