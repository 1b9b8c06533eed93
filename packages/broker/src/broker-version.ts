/** The version of Sluice that this process runs. Reads a file beside the code: a port. */

import { readFileSync } from "node:fs";

/** As in the package's own package.json. */
export function brokerVersion(): string {
  const packageFile = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(packageFile, "utf8")) as { version: string }).version;
}
