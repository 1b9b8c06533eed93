/** The plan of an import of offsets, from the text of a file or of standard input. */

import type { Admin, PlannedOffsetReset } from "@sluice/client";
import { isSluiceError } from "@sluice/model";
import { InputError } from "../command-context.js";

/** What the import would do. @throws InputError where the text is none that `group export` writes */
export async function importPlan(admin: Admin, groupId: string, text: string): Promise<PlannedOffsetReset[]> {
  try {
    return await admin.importOffsets({ groupId, text, dryRun: true });
  } catch (error) {
    if (!isSluiceError(error, "INVALID_REQUEST")) throw error;
    throw new InputError(
      `The offsets cannot be read: ${String(error.details.reason)}.`,
      "It takes lines topic,partition,offset, or JSON, as 'sluice group export' writes them.",
    );
  }
}
