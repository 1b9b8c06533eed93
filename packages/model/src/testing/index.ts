/** Public door of @sluice/model/testing: deterministic stand-ins for the ports of this package. */

export { SeededRandom } from "./seeded-random.js";
export { VirtualClock } from "./virtual-clock.js";
