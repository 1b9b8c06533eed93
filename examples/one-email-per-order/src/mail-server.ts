/**
 * A mail server as providers offer them: a request carries an idempotency key, and two requests with one key are one mail.
 *
 * It stands for something outside, so its answers can get lost: `loseNextAnswers`.
 */

export interface Mail {
  readonly to: string;
  readonly text: string;
}

export class MailServer {
  /** What was really sent, by idempotency key. */
  readonly sent = new Map<string, Mail>();
  /** Requests of any kind. */
  requests = 0;
  #answersToLose = 0;

  /** The next requests are carried out, and whoever made them never hears of it. */
  loseNextAnswers(count: number): void {
    this.#answersToLose += count;
  }

  async send(idempotencyKey: string, mail: Mail): Promise<void> {
    this.requests += 1;
    if (!this.sent.has(idempotencyKey)) this.sent.set(idempotencyKey, mail);
    if (this.#answersToLose === 0) return;
    this.#answersToLose -= 1;
    throw new Error("connection reset by the mail server");
  }
}
