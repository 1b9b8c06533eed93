/** What was found of one file of a log. */
export interface VerificationFinding {
  readonly path: string;
  /**
   * `ok`; `tornTail`: the last segment ends inside a batch, as a write under way or cut short leaves it, and recovery cuts
   * that; `missing`: a file that the next start makes anew; `leftover`: what a crash, or work under way, leaves behind, and the
   * next start finishes or removes; `corrupt`: the file is damaged.
   */
  readonly status: "ok" | "tornTail" | "missing" | "leftover" | "corrupt";
  /** What is wrong, in a sentence; empty where nothing is. */
  readonly problem: string;
}
