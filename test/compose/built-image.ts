/** The image that the tests of containers run, built as a user builds it: by docker-compose.yml. */

import { docker } from "../support/docker.js";

/** Of the tests alone: whatever else this machine runs has another tag. */
export const testImage = "sluice:test";

/** Builds it; after the first time, from what the engine has kept. */
export async function buildTestImage(): Promise<void> {
  await docker(["compose", "--file", "deploy/docker-compose.yml", "build"], { SLUICE_IMAGE: testImage });
}
