import { EventEmitter } from "node:events";
import type { WriteStream } from "node:tty";
import { describe, expect, it } from "vitest";
import { NodeOutput } from "./node-output.js";

function output({ isDumb = false } = {}): {
  readonly out: NodeOutput;
  readonly stream: EventEmitter;
  readonly told: string[];
} {
  const told: string[] = [];
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    write: (text: string) => {
      told.push(`wrote ${text}`);
      return true;
    },
  });
  const out = new NodeOutput(stream as unknown as WriteStream, {
    hasColors: true,
    isDumb,
    onReaderGone: () => told.push("gone"),
    onFailed: ({ code }) => told.push(`failed ${code}`),
  });
  return { out, stream, told };
}

const failure = (code: string): Error => Object.assign(new Error(code), { code });

describe("NodeOutput", () => {
  it("says that its reader has gone, and writes nothing after that", async () => {
    const { out, stream, told } = output();
    stream.emit("error", failure("EPIPE"));
    await out.write("more");
    expect(told).toEqual(["gone"]);
  });

  it("tells a full disk once, and writes nothing after that", async () => {
    const { out, stream, told } = output();
    stream.emit("error", failure("ENOSPC"));
    stream.emit("error", failure("ENOSPC"));
    await out.write("more");
    expect(told).toEqual(["failed ENOSPC"]);
  });

  it("has neither colours nor a screen on a dumb terminal", () => {
    expect(output().out).toMatchObject({ isTerminal: true, hasColors: true });
    expect(output({ isDumb: true }).out).toMatchObject({ isTerminal: false, hasColors: false });
  });
});
