/**
 * The one place where a simulation meets real time: lets everything run that promises have made ready, and returns when nothing is
 * left to run. What runs is decided by the events before it, never by how long anything took.
 */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
