/** A cluster store that forgets everything when it is closed: for tests and the simulator. */

import type { Clock, Random } from "@sluice/model";
import { LocalClusterStore } from "./local-cluster-store.js";
import { StoreState } from "./store-state.js";

export interface MemoryClusterStoreOptions {
  /** Events kept for watches that begin in the past. Default 20,000. */
  readonly historyEventsMax?: number;
}

export class MemoryClusterStore extends LocalClusterStore {
  constructor(
    dependencies: { readonly clock: Clock; readonly random: Random },
    options: MemoryClusterStoreOptions = {},
  ) {
    const journal = { diskFull: undefined, append: () => Promise.resolve(), close: () => Promise.resolve() };
    super({ state: new StoreState(options), journal }, dependencies);
  }
}
