/** Which operations of the file system in memory fail, and how. Package-internal to `@sluice/log/testing`. */

export type FileOperation =
  | "write"
  | "truncate"
  | "syncData"
  | "syncDirectory"
  | "rename"
  | "create"
  | "remove"
  | "read";

interface Fault {
  readonly operation: FileOperation;
  readonly code: string;
  /** Matches the paths that it hits; undefined: all of them. */
  readonly pathPattern: RegExp | undefined;
  readonly isOnce: boolean;
}

export class MemoryFaults {
  #faults: Fault[] = [];

  add(fault: Fault): void {
    this.#faults.push(fault);
  }

  clear(): void {
    this.#faults = [];
  }

  /** Code of the error with which the operation fails, undefined where it does not; one that fails once is used up. */
  take(operation: FileOperation, path: string): string | undefined {
    if (this.#faults.length === 0) return undefined;
    const fault = this.#faults.find((each) => each.operation === operation && isHit(each, path));
    if (fault?.isOnce === true) this.#faults = this.#faults.filter((each) => each !== fault);
    return fault?.code;
  }
}

/** An error of `node:fs`, as far as anybody looks at it. */
export function fileError(code: string, subject: string): Error {
  return Object.assign(new Error(`${code}: ${subject}`), { code });
}

function isHit(fault: Fault, path: string): boolean {
  return fault.pathPattern === undefined || path.search(fault.pathPattern) !== -1;
}
