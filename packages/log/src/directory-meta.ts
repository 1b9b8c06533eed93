/**
 * Whose a data directory is, in two files:
 *
 *     meta   JSON {clusterId, brokerId, directoryId}: written once
 *     life   JSON {brokerEpoch, incarnation, bootId}: the registration of the broker that writes here, before it writes
 *
 * `bootId` names one start of the machine's kernel: while it is the same, what a killed process had written is still there.
 */

import { type FileSystem, type Random, randomUuid, SluiceError } from "@sluice/model";
import { readIfThere, replaceFile } from "./checkpoint-file.js";

/** Whose directory it is. */
export interface LogDirectoryMeta {
  readonly clusterId: string;
  readonly brokerId: number;
  /** UUID of the directory. */
  readonly directoryId: string;
}

/** One registration of one process. */
export interface BrokerLife {
  /** Epoch of the registration, growing with each. */
  readonly brokerEpoch: number;
  /** UUID of the process. */
  readonly incarnation: string;
  /** Of the kernel; empty where it is not known. */
  readonly bootId: string;
}

/** `meta` of the directory; undefined where it is not a data directory yet. @throws SluiceError CORRUPT_FILE */
export async function readDirectoryMeta(
  fileSystem: FileSystem,
  directory: string,
): Promise<LogDirectoryMeta | undefined> {
  const path = `${directory}/meta`;
  const bytes = await readIfThere(fileSystem, path);
  if (bytes === undefined) return undefined;
  const { clusterId, brokerId, directoryId } = parseObject(bytes, path);
  if (typeof clusterId === "string" && typeof brokerId === "number" && typeof directoryId === "string") {
    return { clusterId, brokerId, directoryId };
  }
  throw new SluiceError("CORRUPT_FILE", { path, reason: "clusterId, brokerId or directoryId is missing" });
}

/** Makes `meta` of a new directory. */
export async function createDirectoryMeta(
  fileSystem: FileSystem,
  directory: string,
  owner: { readonly clusterId: string; readonly brokerId: number },
  random: Random,
): Promise<LogDirectoryMeta> {
  const { clusterId, brokerId } = owner;
  const meta: LogDirectoryMeta = { clusterId, brokerId, directoryId: randomUuid(random) };
  await replaceFile(fileSystem, `${directory}/meta`, Buffer.from(`${JSON.stringify(meta)}\n`));
  return meta;
}

/** `life` of the directory; undefined where the file is missing or makes no sense: then nothing is known of the last life. */
export async function readBrokerLife(fileSystem: FileSystem, directory: string): Promise<BrokerLife | undefined> {
  const path = `${directory}/life`;
  const bytes = await readIfThere(fileSystem, path);
  if (bytes === undefined) return undefined;
  try {
    const { brokerEpoch, incarnation, bootId } = parseObject(bytes, path);
    if (typeof brokerEpoch !== "number" || !Number.isSafeInteger(brokerEpoch)) return undefined;
    if (typeof incarnation !== "string" || typeof bootId !== "string") return undefined;
    return { brokerEpoch, incarnation, bootId };
  } catch {
    return undefined;
  }
}

/** Writes `life`, durably. */
export function writeBrokerLife(fileSystem: FileSystem, directory: string, life: BrokerLife): Promise<void> {
  return replaceFile(fileSystem, `${directory}/life`, Buffer.from(`${JSON.stringify(life)}\n`));
}

function parseObject(bytes: Buffer, path: string): Record<string, unknown> {
  try {
    const value = JSON.parse(bytes.toString()) as unknown;
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw new SluiceError("CORRUPT_FILE", { path, reason: "it is not JSON" }, { cause: error });
  }
  throw new SluiceError("CORRUPT_FILE", { path, reason: "it is no JSON object" });
}
