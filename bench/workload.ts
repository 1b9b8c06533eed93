/** What the three benchmarks do, as the parent tells it to the process that does it. */

export type WorkName = "produce" | "consume" | "end-to-end";

export interface Workload {
  readonly brokers: string;
  readonly topic: string;
  /** Bytes of each value. */
  readonly recordBytes: number;
  /** Records to measure. */
  readonly records: number;
  /** Records before these, which are not measured: the compiler of Node has to learn the code first. */
  readonly warmUpRecords: number;
  /** Bytes of values in one `send`. */
  readonly sendBytes: number;
  /** Sends that are begun and not answered yet. */
  readonly inFlight: number;
  readonly acks: "all" | "leader" | "none";
  readonly compression: "none" | "gzip";
}

/** The workload that the parent gave as the only argument. */
export function workloadOfArguments(): Workload {
  return JSON.parse(process.argv[2] ?? "") as Workload;
}

/** Values of a workload: bytes that do not compress to nothing, the same in every run. */
export function benchValue(recordBytes: number): Buffer {
  const value = Buffer.allocUnsafe(recordBytes);
  let state = 0x9e3779b9;
  for (let i = 0; i < recordBytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    value[i] = state >>> 24;
  }
  return value;
}
