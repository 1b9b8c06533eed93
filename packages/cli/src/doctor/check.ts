/** What a check of `sluice doctor` found. */

export interface Check {
  /** Stable, for programs: "brokers.reachable". */
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do next; where all is well, nothing. */
  readonly next?: string | undefined;
}

export function ok(name: string, message: string): Check {
  return { name, status: "ok", message };
}

export function warn(name: string, message: string, next: string): Check {
  return { name, status: "warn", message, next };
}

export function fail(name: string, message: string, next: string): Check {
  return { name, status: "fail", message, next };
}
