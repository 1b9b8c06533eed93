/** The version of this program. */

import { readFileSync } from "node:fs";

/** As in the package's own package.json. */
export function programVersion(): string {
  const packageFile = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(packageFile, "utf8")) as { version: string }).version;
}
