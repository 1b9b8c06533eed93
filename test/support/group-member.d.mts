/** Types of group-member.mjs, which is a program too and so is written in JavaScript. */

/** What a member tells. */
export interface WorkEvent {
  /** `dead`: it is in the dead-letter topic. */
  readonly type: "begun" | "done" | "dead";
  /** Microseconds on the monotonic clock of the machine. */
  readonly atUs: number;
  readonly member: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface GroupMemberOptions {
  readonly name: string;
  /** One of `kinds`. */
  readonly kind: string;
  readonly seed: number;
  readonly brokers: string;
  readonly group: string;
  /** Source of the RegExp of the topics. */
  readonly pattern: string;
  readonly deadLetterTopic: string;
  readonly sessionTimeout: number;
  readonly rebalanceTimeout: number;
  /** Milliseconds that a handler takes now and then. */
  readonly slowMs: number;
  /** Milliseconds for which it lets nothing happen in its process, now and then. */
  readonly blockMs: number;
}

/** How members work. */
export const kinds: readonly string[];

/** Microseconds. */
export function monotonicUs(): number;

/** A generator of whole numbers from 0 to `bound` - 1. */
export function randomFrom(seed: number): (bound: number) => number;

/** Joins a member. `ended` resolves when it has left, and rejects with what ended it. */
export function joinMember(
  options: GroupMemberOptions,
  tell: (event: WorkEvent) => void,
): { readonly ended: Promise<void>; leave(): Promise<void> };
