/** Public door of @sluice/testcontainers: a cluster in containers for tests. */

export { SluiceContainer } from "./sluice-container.js";
export type { StartedSluiceContainer } from "./started-sluice-container.js";
