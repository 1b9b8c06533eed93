/**
 * Says why nothing goes on while a producer tries again: a full disk, a leader that is gone. Without it a command would look dead until
 * the delivery timeout is over.
 *
 * The reasons come from what the client logs of its retries.
 */

import type { Logger } from "@sluice/client";

/** Milliseconds without progress after which something is said, and said again. */
const stallMs = 3000;

export interface StallWatchOptions {
  /** Grows with what is acknowledged. */
  readonly progress: () => number;
  /** Whether anything is waited for. */
  readonly isWaiting: () => boolean;
  readonly say: (text: string) => void;
}

export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #seen = 0;
  #since = 0;
  #reason = "";

  constructor(options: StallWatchOptions, { intervalMs = stallMs }: { readonly intervalMs?: number } = {}) {
    this.#options = options;
    this.#intervalMs = intervalMs;
  }

  /** The client's logger, of which the retries are remembered and everything is passed on. */
  logger(next?: Logger): Logger {
    const at =
      (level: keyof Logger) =>
      (data: object, message: string): void => {
        const { code } = data as { readonly code?: unknown };
        if (typeof code === "string") this.#reason = reasonText(code);
        next?.[level](data, message);
      };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  start(): void {
    this.#since = performance.now();
    this.#timer = setInterval(() => this.look(), this.#intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Says that nothing goes on, where that is so since the last look. */
  look(): void {
    const { progress, isWaiting, say } = this.#options;
    const now = progress();
    if (now !== this.#seen || !isWaiting()) {
      this.#seen = now;
      this.#since = performance.now();
      this.#reason = "";
      return;
    }
    const seconds = Math.round((performance.now() - this.#since) / 1000);
    const reason = this.#reason === "" ? "the brokers do not answer" : this.#reason;
    say(`No record was acknowledged for ${seconds} s: ${reason}. It goes on trying; Ctrl-C stops.\n`);
  }
}

/** What people see most often, in words; of the rest the code, which docs/errors.md explains. */
const reasons: Readonly<Record<string, string>> = {
  DISK_FULL: "the disk of a broker is full (DISK_FULL)",
  TOPIC_FULL: "the topic is full (TOPIC_FULL)",
  NO_LEADER: "a partition has no leader (NO_LEADER)",
  BROKER_UNREACHABLE: "a broker cannot be reached (BROKER_UNREACHABLE)",
};

function reasonText(code: string): string {
  return reasons[code] ?? code;
}
