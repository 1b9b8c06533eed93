/** Public door of @sluice/testing: a cluster in the process of a test. */

export { startTestCluster, type TestCluster, type TestClusterOptions } from "./test-cluster.js";
