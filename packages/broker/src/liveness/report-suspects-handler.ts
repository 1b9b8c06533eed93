/** Replication.ReportSuspects: what another broker takes for gone or silent. */

import type { SuspectedBrokers } from "@sluice/cluster";
import { brokerId, type ServedMethod, serveUnary } from "@sluice/model";
import { replicationService } from "@sluice/protocol";
import type { SuspicionReport } from "./suspicion-ballot.js";

export interface ReportSuspectsDependencies {
  /** Returns those that a majority suspects now. */
  reported(report: SuspicionReport): SuspectedBrokers;
}

/** A report of a broker, or of a life, that is not registered counts for nothing. @throws SluiceError INVALID_REQUEST */
export function serveReportSuspects({ reported }: ReportSuspectsDependencies): ServedMethod {
  return serveUnary(replicationService.reportSuspects, async (request) => {
    const agreed = reported({
      reporter: { broker: brokerId(request.brokerId), brokerEpoch: request.brokerEpoch },
      suspects: request.suspects.map((suspect) => ({
        broker: brokerId(suspect.brokerId),
        brokerEpoch: suspect.brokerEpoch,
        isGone: suspect.gone,
      })),
    });
    return { agreed: [...agreed].map(([broker, brokerEpoch]) => ({ brokerId: broker, brokerEpoch })) };
  });
}
