/** Cluster.ElectLeaders: gives partitions another leader, and answers when this broker knows who leads. */

import type { ImageWatcher } from "@sluice/coordination";
import { type BrokerId, type ServedMethod, SluiceError, serveUnary } from "@sluice/model";
import { clusterService, type ElectLeadersRequest } from "@sluice/protocol";
import { brokerClientIdOf } from "../quotas/client-quotas.js";
import type { ElectionWish, LeaderElections } from "./leader-elections.js";
import { readBrokerIdPlusOne } from "./wire-broker-id.js";

export interface ElectLeadersDependencies {
  readonly images: ImageWatcher;
  readonly elections: LeaderElections;
}

/** Serves Cluster.ElectLeaders. */
export function serveElectLeaders({ images, elections }: ElectLeadersDependencies): ServedMethod {
  return serveUnary(clusterService.electLeaders, async (request, { clientId }) => {
    const wish = readWish(request);
    const isAll = wish.kind === "preferred" && request.partitions.length === 0;
    const names = isAll ? elections.misled() : request.partitions;
    // A broker asks the leader that it knows: where this is not it, asking further could go round in circles.
    const mayForward = !isBroker(clientId, images.image.brokers.keys());
    return { results: await elections.elect(names, wish, { mayForward }) };
  });
}

function readWish({ type, partitions, brokerIdPlusOne }: ElectLeadersRequest): ElectionWish {
  const candidate = readBrokerIdPlusOne(brokerIdPlusOne);
  switch (type) {
    case "ELECTION_TYPE_PREFERRED":
      return { kind: "preferred", candidate: undefined };
    case "ELECTION_TYPE_CHOSEN":
      if (candidate === undefined) throw new SluiceError("INVALID_REQUEST", { reason: "no broker is chosen" });
      return { kind: "chosen", candidate };
    case "ELECTION_TYPE_UNCLEAN":
      if (partitions.length === 0) throw new SluiceError("INVALID_REQUEST", { reason: "no partition is named" });
      return { kind: "unclean", candidate };
    default:
      throw new SluiceError("INVALID_REQUEST", { reason: "the type of the election is missing" });
  }
}

function isBroker(clientId: string, brokers: Iterable<BrokerId>): boolean {
  for (const id of brokers) if (clientId === brokerClientIdOf(id)) return true;
  return false;
}
