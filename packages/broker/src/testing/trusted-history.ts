/** The history of a cluster store that was never restored, and that nobody records. For tests. */

import type { StoreHistory } from "../store-history.js";

export const trustedHistory: Pick<StoreHistory, "act"> = { act: (change) => change() };
