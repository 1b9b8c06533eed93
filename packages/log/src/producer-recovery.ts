/**
 * Producer state at the end of a log that was just recovered: from the newest snapshot and the batches after it, and from all
 * batches where no snapshot makes sense. After a clean stop there is one of the end, and no batch is read.
 */

import type { FileSystem } from "@sluice/model";
import { BatchScanner } from "./batch-scanner.js";
import { segmentPaths } from "./partition-directory.js";
import { replayProducers } from "./producer-replay.js";
import { loadNewestSnapshot } from "./producer-snapshot.js";
import { ProducerState } from "./producer-state.js";
import type { SegmentExtent } from "./segment-index-check.js";

export interface ProducerRecovery {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** The log, oldest first; of each file only the bytes that are good. */
  readonly segments: readonly SegmentExtent[];
  readonly endOffset: number;
  /** There are snapshot files. */
  readonly hasSnapshots: boolean;
}

/** Bytes that are no batch end the replay: whoever reads them is told. @throws errors of the file system */
export async function recoverProducers(recovery: ProducerRecovery): Promise<ProducerState> {
  const { fileSystem, directory, endOffset, hasSnapshots } = recovery;
  const snapshot = hasSnapshots ? await loadNewestSnapshot(fileSystem, directory, endOffset) : undefined;
  const state = snapshot?.state ?? new ProducerState();
  const from = snapshot?.offset ?? 0;
  for (const segment of recovery.segments) {
    if (segment.endOffset > from) await replaySegment(recovery, segment, { state, from });
  }
  return state;
}

async function replaySegment(
  { fileSystem, directory }: ProducerRecovery,
  segment: SegmentExtent,
  { state, from }: { state: ProducerState; from: number },
): Promise<void> {
  const file = await fileSystem.open(segmentPaths(directory, segment.baseOffset).log, "read");
  try {
    const range = { position: 0, endPosition: segment.sizeBytes, gapsBelow: Number.POSITIVE_INFINITY };
    const scanner = new BatchScanner(file, { ...range, verifiesChecksums: false });
    for (let batches = await scanner.readMore(); batches.length > 0; batches = await scanner.readMore()) {
      replayProducers(
        state,
        batches.filter(({ header }) => header.baseOffset >= from),
      );
    }
  } finally {
    await file.close();
  }
}
