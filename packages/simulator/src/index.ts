/** Public door of @sluice/simulator: a whole cluster in one thread from one seed. */

export { drawSwarmOptions, type SwarmOptions } from "./faults/swarm-options.js";
export { shrinkFaults } from "./run/shrink.js";
export { runSimulation, type SimulationOptions, type SimulationResult, type Violation } from "./run/simulation.js";
