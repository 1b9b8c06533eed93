/** All invariants that are checked while a cluster runs and at its end, in the order of the test plan. I25 and I26 are waited for. */

import { noLostAcknowledgement } from "./i01-no-lost-acknowledgement.js";
import { acknowledgementTruth } from "./i02-acknowledgement-truth.js";
import { noPhantom } from "./i03-no-phantom.js";
import { oneValuePerOffset } from "./i04-one-value-per-offset.js";
import { noDuplicate } from "./i05-no-duplicate.js";
import { sendOrder } from "./i06-order.js";
import { denseOffsets } from "./i07-dense-offsets.js";
import { readCommitted } from "./i08-read-committed.js";
import { monotonicHighWatermark } from "./i09-monotonic-high-watermark.js";
import { logMatching } from "./i10-log-matching.js";
import { leaderCompleteness } from "./i11-leader-completeness.js";
import { candidateCompleteness } from "./i12-candidate-completeness.js";
import { quorumSuperset } from "./i13-quorum-superset.js";
import { oneLeaderPerEpoch } from "./i14-one-leader-per-epoch.js";
import { leaderInSync } from "./i15-leader-in-sync.js";
import { uncleanExclusion } from "./i16-unclean-exclusion.js";
import { orderedMarks } from "./i17-ordered-marks.js";
import { noCommittedTruncation } from "./i18-no-committed-truncation.js";
import type { InvariantDefinition } from "./invariant.js";

export const invariants: readonly InvariantDefinition[] = [
  noLostAcknowledgement,
  acknowledgementTruth,
  noPhantom,
  oneValuePerOffset,
  noDuplicate,
  sendOrder,
  denseOffsets,
  readCommitted,
  monotonicHighWatermark,
  logMatching,
  leaderCompleteness,
  candidateCompleteness,
  quorumSuperset,
  oneLeaderPerEpoch,
  leaderInSync,
  uncleanExclusion,
  orderedMarks,
  noCommittedTruncation,
];
