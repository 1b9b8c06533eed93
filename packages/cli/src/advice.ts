/** An error with what a command can say about it that the error itself cannot know. */

export class AdvisedError extends Error {
  override readonly name = "AdvisedError";
  /** A sentence for the person, said after what the error itself says. */
  readonly advice: string;

  /** @param error what went wrong; its exit code counts */
  constructor(error: Error, advice: string) {
    super(error.message, { cause: error });
    this.advice = advice;
  }
}
