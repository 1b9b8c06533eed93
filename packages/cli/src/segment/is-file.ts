import { stat } from "node:fs/promises";

/** False also where there is nothing, and where it may not be asked: whoever opens it says so. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
