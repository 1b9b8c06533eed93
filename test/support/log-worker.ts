/** Runs log-worker.mjs as a process of its own, and reads its journal. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { TopicConfig, TopicId, TopicName } from "@sluice/model";
import { onTestFinished } from "vitest";
import type { JournalLine } from "./log-journal.js";

export type LogOperation = "roll" | "flush" | "save" | "truncate" | "delete-records" | "compact" | "delete-partition";

export interface WorkedPartition {
  readonly topicId: TopicId;
  readonly topic: TopicName;
  readonly partition: number;
  readonly config: TopicConfig;
  /** What is done to it apart from appending. */
  readonly operations: readonly LogOperation[];
}

export interface LogWorkerOptions {
  /** The data directory. */
  readonly path: string;
  readonly seed: number;
  /** How many append to each partition at once. */
  readonly appenders: number;
  readonly partitions: readonly WorkedPartition[];
}

export interface LogWorker {
  /** What it has told so far. */
  readonly journal: readonly JournalLine[];
  /** Resolves with the first line, from the one of that number on, that fits. @throws Error when the process ends before. */
  lineThat(fits: (line: JournalLine, number: number) => boolean): Promise<JournalLine>;
  /** SIGKILL, and wait until it is gone and all that it told is in the journal. */
  kill(): Promise<void>;
}

/** Starts a worker; it is gone after the test. */
export function startLogWorker(options: LogWorkerOptions): LogWorker {
  const program = join(import.meta.dirname, "log-worker.mjs");
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ["pipe", "pipe", "pipe"] });
  const closed = once(child, "close");
  const journal: JournalLine[] = [];
  let rest = "";
  let complaint = "";
  let wake = (): void => undefined;
  let isClosed = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) journal.push(JSON.parse(line) as JournalLine);
    wake();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  void closed.then(() => {
    isClosed = true;
    wake();
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await closed;
  };
  onTestFinished(kill);
  return {
    journal,
    kill,
    async lineThat(fits) {
      for (let number = 0; ; ) {
        for (; number < journal.length; number += 1) {
          const line = journal[number] as JournalLine;
          if (fits(line, number)) return line;
        }
        if (isClosed) throw new Error(`the worker ended:\n${complaint}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
