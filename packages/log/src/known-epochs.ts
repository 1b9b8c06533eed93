/**
 * The file `known-epochs` of a log directory: what this broker has acted upon of what the cluster store said. A store that says less,
 * or something else, was restored from a backup.
 *
 *     history 0 1187 1032 trusted      number of the store's history, the newest revision of it that was acted upon, and the
 *                                      last registration of this broker in it
 *     5b0f2c4e-...-0 7 1032            leader epoch of a partition, and the registration of the leader that was elected with it
 *     5b0f2c4e-...-1 3 -
 *     crc32c 1c291ca3                  over the lines since the last line of this kind
 *     history 0 1190 1032 trusted
 *     5b0f2c4e-...-1 4 1032
 *     crc32c 5f0e11b2
 *
 * Later lines count. The file is appended to: however many partitions a change of the cluster brings, they cost one write and one
 * sync. When it has grown to several times what it holds, it is replaced. A block whose checksum does not fit was never acted upon,
 * or is damaged: the others count without it.
 *
 * A history ends when an operator says so: then what was known of it counts no more.
 */

import { type FileHandle, type FileSystem, SluiceError } from "@sluice/model";
import { crc32c } from "@sluice/record";
import { readIfThere, replaceFile } from "./checkpoint-file.js";
import { type PartitionName, partitionDirectoryName } from "./partition-directory.js";

/** With whom a leader epoch began. */
export interface KnownEpoch {
  readonly leaderEpoch: number;
  /** Registration of the leader; 0: the epoch has none. */
  readonly leaderBrokerEpoch: number;
}

/** One history of the cluster store, as far as this broker knows it. */
export interface KnownHistory {
  /** It grows by 1 with every restored backup that an operator accepts. */
  readonly number: number;
  /** Newest revision that was acted upon. */
  readonly revision: number;
  /** Last registration of this broker; 0: there was none. */
  readonly brokerEpoch: number;
  /** The store was found to be restored, and nobody has accepted that yet. */
  readonly isRestored: boolean;
}

/** A file that is longer is replaced once most of it is out of date. */
const replaceBytesMin = 64 * 1024;
const noHistory: KnownHistory = { number: 0, revision: 0, brokerEpoch: 0, isRestored: false };

export class KnownEpochs {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #epochs: Map<string, KnownEpoch>;
  #history: KnownHistory;
  /** Partitions whose epochs are not in the file. */
  readonly #unsaved = new Set<string>();
  #isHistoryUnsaved = false;
  /** Nothing of the file is of use any more, or there is none. */
  #isReplacementDue = true;
  #file: FileHandle | undefined;
  /** Where the next block goes. */
  #endPosition = 0;
  #replaceAtBytes = replaceBytesMin;
  #saving: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  #isClosed = false;

  private constructor(fileSystem: FileSystem, path: string, found: Found) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.#epochs = found.epochs;
    this.#history = found.history;
  }

  /**
   * What the file says; nothing is known where there is none.
   * @param names the partitions that are here: of others nothing needs to be known
   * @throws errors of the file system
   */
  static async load(fileSystem: FileSystem, path: string, names: readonly string[]): Promise<KnownEpochs> {
    const bytes = await readIfThere(fileSystem, path);
    const found = parseBlocks(bytes?.toString("latin1") ?? "");
    const isHere = new Set(names);
    for (const name of found.epochs.keys()) if (!isHere.has(name)) found.epochs.delete(name);
    return new KnownEpochs(fileSystem, path, found);
  }

  get history(): KnownHistory {
    return this.#history;
  }

  /** The newest epoch of that partition; undefined: none is known. */
  get(name: PartitionName): KnownEpoch | undefined {
    return this.#epochs.get(partitionDirectoryName(name));
  }

  /** Notes an epoch that is to be acted upon; durable with the next `save`. */
  note(name: PartitionName, epoch: KnownEpoch): void {
    const text = partitionDirectoryName(name);
    this.#epochs.set(text, epoch);
    this.#unsaved.add(text);
  }

  /** Notes a revision that is to be acted upon; durable with the next `save`. Older ones than the newest change nothing. */
  noteRevision(revision: number): void {
    if (revision > this.#history.revision) this.#noteHistory({ ...this.#history, revision });
  }

  /** Notes a registration of this broker; durable with the next `save`. */
  noteLife(brokerEpoch: number): void {
    this.#noteHistory({ ...this.#history, brokerEpoch });
    this.noteRevision(brokerEpoch);
  }

  /** Notes that the store was restored, until `beginHistory`; durable with the next `save`. */
  noteRestored(): void {
    if (!this.#history.isRestored) this.#noteHistory({ ...this.#history, isRestored: true });
  }

  /** Forgets what was known of an earlier history; durable with the next `save`. */
  beginHistory(number: number, revision: number): void {
    this.#epochs.clear();
    this.#unsaved.clear();
    this.#noteHistory({ number, revision, brokerEpoch: 0, isRestored: false });
    this.#isReplacementDue = true;
  }

  /** By the name of the partition's directory. */
  has(name: string): boolean {
    return this.#epochs.has(name);
  }

  /** Forgets a partition that was deleted. Its line goes when the file is replaced: who opens it finds no such partition. */
  remove(name: string): void {
    this.#epochs.delete(name);
    this.#unsaved.delete(name);
  }

  /** Resolves when everything that was noted before the call is durable. @throws SluiceError CLOSED, an error of the file system */
  save(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new SluiceError("CLOSED", { subject: this.#path }));
    if (this.#queued !== undefined) return this.#queued;
    if (this.#unsaved.size === 0 && !this.#isHistoryUnsaved) return this.#saving ?? Promise.resolve();
    if (this.#saving === undefined) return this.#saveNow();
    const next = (): Promise<void> => this.#saveNow();
    this.#queued = this.#saving.then(next, next);
    return this.#queued;
  }

  /** Closes the file, after what was asked for before. Nothing is saved after it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    // The one that waits too: it would write to a file that is closed. Whoever asked for it hears of its error.
    await (this.#queued ?? this.#saving)?.catch(() => undefined);
    await this.#file?.close();
    this.#file = undefined;
  }

  #noteHistory(history: KnownHistory): void {
    this.#history = history;
    this.#isHistoryUnsaved = true;
  }

  #saveNow(): Promise<void> {
    this.#queued = undefined;
    const saving = this.#write().finally(() => {
      if (this.#saving === saving) this.#saving = undefined;
    });
    this.#saving = saving;
    return saving;
  }

  async #write(): Promise<void> {
    const names = [...this.#unsaved];
    this.#unsaved.clear();
    this.#isHistoryUnsaved = false;
    try {
      if (this.#isReplacementDue || this.#endPosition > this.#replaceAtBytes) await this.#replace();
      else await this.#append(names);
    } catch (error) {
      for (const name of names) if (this.#epochs.has(name)) this.#unsaved.add(name);
      this.#isHistoryUnsaved = true;
      throw error;
    }
  }

  async #append(names: readonly string[]): Promise<void> {
    const bytes = this.#block(names);
    this.#file ??= await this.#fileSystem.open(this.#path, "write");
    // Over what an earlier try may have left: it was never acted upon.
    await this.#file.write([bytes], this.#endPosition);
    await this.#file.syncData();
    this.#endPosition += bytes.length;
  }

  async #replace(): Promise<void> {
    const bytes = this.#block(this.#epochs.keys());
    this.#isReplacementDue = false;
    try {
      await this.#file?.close();
      this.#file = undefined;
      await replaceFile(this.#fileSystem, this.#path, bytes);
    } catch (error) {
      this.#isReplacementDue = true;
      throw error;
    }
    this.#endPosition = bytes.length;
    this.#replaceAtBytes = Math.max(replaceBytesMin, 3 * bytes.length);
  }

  #block(names: Iterable<string>): Buffer {
    const { number, revision, brokerEpoch, isRestored } = this.#history;
    const lines = [`history ${number} ${revision} ${brokerEpoch} ${isRestored ? "restored" : "trusted"}`];
    for (const name of names) {
      const epoch = this.#epochs.get(name);
      if (epoch !== undefined) lines.push(`${name} ${epoch.leaderEpoch} ${epoch.leaderBrokerEpoch || "-"}`);
    }
    const body = `${lines.join("\n")}\n`;
    return Buffer.from(`${body}${checksumLine(body)}\n`, "latin1");
  }
}

interface Found {
  readonly epochs: Map<string, KnownEpoch>;
  readonly history: KnownHistory;
}

const historyPattern = /^history (\d{1,10}) (\d{1,16}) (\d{1,16}) (trusted|restored)$/;
const epochPattern = /^(\S+) (\d{1,10}) (-|\d{1,16})$/;

function parseBlocks(text: string): Found {
  const epochs = new Map<string, KnownEpoch>();
  let history = noHistory;
  for (const line of splitBlocks(text).flatMap((block) => (block.isWhole ? block.lines : []))) {
    const [, number, revision, brokerEpoch, state] = historyPattern.exec(line) ?? [];
    const [, name, leaderEpoch, leaderBrokerEpoch] = epochPattern.exec(line) ?? [];
    if (state !== undefined) {
      const numbers = { number: Number(number), revision: Number(revision), brokerEpoch: Number(brokerEpoch) };
      history = { ...numbers, isRestored: state === "restored" };
    } else if (name !== undefined) {
      const registration = leaderBrokerEpoch === "-" ? 0 : Number(leaderBrokerEpoch);
      epochs.set(name, { leaderEpoch: Number(leaderEpoch), leaderBrokerEpoch: registration });
    }
  }
  return { epochs, history };
}

/** Lines of the file up to a checksum each; `isWhole`: it fits. */
export function splitBlocks(text: string): { readonly lines: readonly string[]; readonly isWhole: boolean }[] {
  const blocks: { readonly lines: readonly string[]; readonly isWhole: boolean }[] = [];
  let lines: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("crc32c ")) {
      blocks.push({ lines, isWhole: line === checksumLine(`${lines.join("\n")}\n`) });
      lines = [];
    } else lines.push(line);
  }
  // Behind the last line end there is nothing.
  if (lines.join("") !== "") blocks.push({ lines, isWhole: false });
  return blocks;
}

function checksumLine(body: string): string {
  return `crc32c ${crc32c(Buffer.from(body, "latin1")).toString(16).padStart(8, "0")}`;
}
