/** Door of @sluice/model/node: the ports of the model that Node itself fulfils. */

export { NodeClock } from "./node-clock.js";
export { NodeRandom } from "./node-random.js";
