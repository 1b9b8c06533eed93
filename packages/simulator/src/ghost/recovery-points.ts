/**
 * What the brokers have promised to find again after any crash: the recovery points of all partitions, as the file `recovery-point` of
 * each machine says now.
 */

import type { MemoryFileSystem } from "@sluice/log/testing";
import type { FileOperationTap } from "../disk/file-operation-tap.js";
import type { PartitionKey } from "./replica-logs.js";

export interface RecoveryPointsListener {
  /** A machine has recorded that offset: everything below it is durable there. */
  onRecorded(broker: number, partition: PartitionKey, recoveryPoint: number): void;
}

const fileName = "/recovery-point";
const linePattern = /^([0-9a-f-]{36}-\d+) (\d+) /gm;

export class RecoveryPoints {
  readonly #listener: RecoveryPointsListener;
  /** By broker and partition. */
  readonly #points = new Map<number, ReadonlyMap<PartitionKey, number>>();
  /** What files hold that may be renamed to take the place of the file, by broker and path. */
  readonly #drafts = new Map<string, Buffer>();

  constructor(listener: RecoveryPointsListener) {
    this.#listener = listener;
  }

  /** 0: nothing was promised. */
  of(broker: number, partition: PartitionKey): number {
    return this.#points.get(broker)?.get(partition) ?? 0;
  }

  tapOf(broker: number): Pick<FileOperationTap, "written" | "renamed"> {
    return {
      written: (path, bytes, position) => {
        if (!path.includes(fileName)) return;
        const name = `${broker} ${path}`;
        const before = this.#drafts.get(name)?.subarray(0, position) ?? Buffer.alloc(0);
        this.#drafts.set(name, Buffer.concat([before, bytes]));
      },
      renamed: (from, to) => {
        const draft = this.#drafts.get(`${broker} ${from}`);
        this.#drafts.delete(`${broker} ${from}`);
        if (draft !== undefined && to.endsWith(fileName)) this.#recorded(broker, draft);
      },
    };
  }

  /** Reads the file of a machine anew: what a power loss, a lost or an old disk has left of it. */
  async reread(broker: number, disk: MemoryFileSystem, directory: string): Promise<void> {
    const path = `${directory}${fileName}`;
    this.#points.set(broker, new Map());
    if (await disk.exists(path)) this.#recorded(broker, await disk.readFile(path));
  }

  #recorded(broker: number, file: Buffer): void {
    const lines = file.toString("latin1").matchAll(linePattern);
    const points = new Map([...lines].map(([, partition, offset]) => [partition as string, Number(offset)]));
    this.#points.set(broker, points);
    for (const [partition, recoveryPoint] of points) this.#listener.onRecorded(broker, partition, recoveryPoint);
  }
}
