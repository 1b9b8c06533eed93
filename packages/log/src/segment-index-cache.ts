/**
 * The indexes of one segment in memory. Those of the active segment are kept. Those of a closed one are lent by the budget:
 * loaded when they are asked for, held against the log the first time, made anew in memory and on disk where they do not fit,
 * and dropped when other segments need the room.
 */

import { type FileSystem, invariant, isDiskFull, SluiceError } from "@sluice/model";
import type { SegmentFile } from "./segment-file.js";
import { areIndexesOfLog, rebuildIndexes, type SegmentExtent } from "./segment-index-check.js";
import { loadSegmentIndexes, SegmentIndexes } from "./segment-indexes.js";
import type { ResourceBudget, ResourceHolder } from "./segment-resources.js";

export interface SegmentIndexCacheDependencies {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly intervalBytes: number;
  readonly budget: ResourceBudget;
  readonly file: SegmentFile;
}

export class SegmentIndexCache implements ResourceHolder {
  readonly #dependencies: SegmentIndexCacheDependencies;
  #indexes: SegmentIndexes | undefined;
  #loading: Promise<SegmentIndexes> | undefined;
  #isActive: boolean;
  /** The files were held against the log, or made from it. */
  #isChecked = false;
  /** The index files are no longer those of this segment. */
  #isDetached = false;

  /** @param indexes of a segment that is, or may be, the active one */
  constructor(dependencies: SegmentIndexCacheDependencies, indexes: SegmentIndexes | undefined) {
    this.#dependencies = dependencies;
    this.#indexes = indexes;
    this.#isActive = indexes !== undefined;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** The indexes of the active segment. */
  get active(): SegmentIndexes {
    invariant(this.#isActive && this.#indexes !== undefined, "only the active segment keeps its indexes");
    return this.#indexes;
  }

  /** These are the indexes from here on, and they are kept. */
  keep(indexes: SegmentIndexes): void {
    this.forget();
    this.#indexes = indexes;
    this.#isActive = true;
  }

  /** The segment grows no more. */
  lend(): void {
    this.#isActive = false;
    if (this.#indexes !== undefined) this.#dependencies.budget.use(this, cost(this.#indexes));
  }

  /** Asked by the budget. */
  giveUp(): void {
    this.#indexes = undefined;
  }

  /** Drops what is loaded; what is being loaded is not kept. */
  forget(): void {
    this.#dependencies.budget.release(this);
    this.#indexes = undefined;
    this.#loading = undefined;
  }

  /** Keeps what is loaded, and neither reads nor writes the index files any more. */
  detach(): void {
    this.#isDetached = true;
    this.#dependencies.budget.release(this);
  }

  /**
   * The indexes of a segment that is closed with this extent, or those that are kept. `isAnew`: made from the log, unless they
   * are kept.
   * @throws SluiceError CORRUPT_FILE
   */
  async load(extent: SegmentExtent, options: { readonly isAnew: boolean }): Promise<SegmentIndexes> {
    if (this.#isActive && this.#indexes !== undefined) return this.#indexes;
    if (this.#indexes !== undefined && !options.isAnew) {
      if (!this.#isDetached) this.#dependencies.budget.use(this, cost(this.#indexes));
      return this.#indexes;
    }
    this.#loading ??= this.#begin(extent, options);
    return this.#loading;
  }

  #begin(extent: SegmentExtent, { isAnew }: { isAnew: boolean }): Promise<SegmentIndexes> {
    const loading: Promise<SegmentIndexes> = (isAnew ? this.#rebuild(extent) : this.#loadChecked(extent)).then(
      (indexes) => {
        if (this.#loading !== loading) return indexes;
        this.#loading = undefined;
        this.#indexes = indexes;
        if (!this.#isDetached) this.#dependencies.budget.use(this, cost(indexes));
        return indexes;
      },
      (error: unknown) => {
        if (this.#loading === loading) this.#loading = undefined;
        throw error;
      },
    );
    return loading;
  }

  async #loadChecked(extent: SegmentExtent): Promise<SegmentIndexes> {
    const { fileSystem, directory, intervalBytes, file } = this.#dependencies;
    const { baseOffset, sizeBytes: logSizeBytes } = extent;
    const segment = { baseOffset, logSizeBytes, intervalBytes };
    const loaded = this.#isDetached ? undefined : await loadSegmentIndexes(fileSystem, directory, segment);
    if (loaded === undefined) return this.#rebuild(extent);
    if (!this.#isChecked && !(await file.use((handle) => areIndexesOfLog(handle, extent, loaded)))) {
      return this.#rebuild(extent);
    }
    this.#isChecked = true;
    return loaded;
  }

  async #rebuild(extent: SegmentExtent): Promise<SegmentIndexes> {
    const { fileSystem, directory, intervalBytes, file } = this.#dependencies;
    const indexes = await file.use((handle) => rebuildIndexes(handle, extent, intervalBytes));
    if (!(indexes instanceof SegmentIndexes)) {
      throw new SluiceError("CORRUPT_FILE", { path: file.path, reason: indexes.reason });
    }
    if (this.#isDetached) return indexes;
    try {
      await indexes.save(fileSystem, directory, extent.baseOffset);
      this.#isChecked = true;
    } catch (error) {
      // They are a cache: without room for them they are made anew the next time.
      if (!isDiskFull(error)) throw error;
    }
    return indexes;
  }
}

/** Bytes that indexes hold in memory: at least what the objects themselves do. */
function cost(indexes: SegmentIndexes): number {
  return indexes.sizeBytes + 512;
}
