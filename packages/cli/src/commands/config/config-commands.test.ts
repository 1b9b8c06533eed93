/** `config` and `broker --print-config` in this process: what they say of settings from everywhere. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brokerConfigTable } from "@sluice/broker";
import { describe, expect, it, onTestFinished } from "vitest";
import type { TextOutput } from "../../command-context.js";
import { runProgram } from "../../program.js";

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const texts = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr"): TextOutput => ({
    isTerminal: false,
    hasColors: false,
    columns: 80,
    write: async (text) => {
      texts[name] += text;
    },
  });
  const status = await runProgram(args, {
    env,
    stdin: (async function* () {})(),
    stdout: output("stdout"),
    stderr: output("stderr"),
    isInteractive: false,
    signal: new AbortController().signal,
  });
  return { status, ...texts };
}

async function temporaryFile(name: string, text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

describe("sluice broker --print-config", () => {
  it("shows every setting with its value and where it comes from, and starts nothing", async () => {
    const file = await temporaryFile("sluice.yaml", "port: 7000\nbrokerLeaseMs: 4000\n");
    const rack = await temporaryFile("rack", "r1\n");
    const env = { SLUICE_PORT: "8000", SLUICE_RACK_FILE: rack };
    const args = ["broker", "--config", file, "--host", "localhost", "--print-config"];
    const { status, stdout, stderr } = await run(args, env);
    expect([status, stderr]).toEqual([0, ""]);
    const lines = stdout.split("\n").map((line) => line.replace(/ {2,}/g, "  "));
    expect(lines[0]).toBe("KEY  VALUE  UNIT  FROM");
    expect(lines).toContain("host  localhost  a flag");
    expect(lines).toContain("port  8000  the environment variable SLUICE_PORT");
    expect(lines).toContain(`brokerLeaseMs  4000  ms  ${file}`);
    expect(lines).toContain(`rack  r1  ${rack}, which the environment variable SLUICE_RACK_FILE names`);
    expect(lines).toContain("brokerId  1  default");

    const asJson = await run([...args, "-o", "json"], env);
    const { settings } = JSON.parse(asJson.stdout) as { settings: { key: string }[] };
    expect(settings.map(({ key }) => key)).toEqual(Object.keys(brokerConfigTable));
    expect(settings).toContainEqual({
      key: "port",
      value: "8000",
      unit: "",
      origin: "the environment variable SLUICE_PORT",
    });
  });

  it("refuses an unknown key with the nearest one, and a value file beside the value", async () => {
    const unknown = await run(["broker", "--print-config"], { SLUICE_PROT: "1" });
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain("'SLUICE_PORT'");
    const rack = await temporaryFile("rack", "r1\n");
    const both = await run(["broker", "--print-config"], { SLUICE_RACK: "r", SLUICE_RACK_FILE: rack });
    expect(both.status).toBe(2);
    expect(both.stderr).toContain("SLUICE_RACK is set too");
  });
});

describe("sluice config validate", () => {
  it("says that settings are valid, and how many are set", async () => {
    const file = await temporaryFile("sluice.yaml", "port: 7000\n");
    const { status, stdout } = await run(["config", "validate", "--file", file]);
    expect([status, stdout]).toEqual([0, "Valid: 1 setting is set, the others have their defaults.\n"]);
  });

  it("says everything that is wrong, with where it stands, and exits with 2", async () => {
    const file = await temporaryFile("sluice.yaml", "prot: 7000\nport: many\n");
    const env = { SLUICE_BROKER_LEASE_MS: "1", SLUICE_RACK_FILE: "/nowhere/rack" };
    const { status, stdout } = await run(["config", "validate", "--file", file], env);
    expect(status).toBe(2);
    expect(stdout).toMatch(new RegExp(`${file}: .*prot.*\\n.*'port'`));
    expect(stdout).toMatch(new RegExp(`${file}: .*many`));
    expect(stdout).toMatch(/SLUICE_BROKER_LEASE_MS: .*from 1000/);
    expect(stdout).toMatch(/SLUICE_RACK_FILE: .*nowhere/);
    expect(stdout).toMatch(/^4 problems\.$/m);

    const asJson = await run(["config", "validate", "--file", file, "-o", "json"], env);
    expect(asJson.status).toBe(2);
    const answer = JSON.parse(asJson.stdout) as { valid: boolean; problems: { origin: string; code: string }[] };
    expect(answer.valid).toBe(false);
    expect(answer.problems.map(({ code }) => code)).toEqual([
      "UNKNOWN_CONFIG_KEY",
      "INVALID_CONFIG_VALUE",
      "INVALID_CONFIG_VALUE",
      "INVALID_CONFIG_VALUE",
    ]);
  });

  it("says that a file does not exist", async () => {
    const { status, stderr } = await run(["config", "validate", "--file", "/nowhere.yaml"]);
    expect(status).toBe(1);
    expect(stderr).toContain("/nowhere.yaml does not exist");
  });
});

it("sluice config list shows every setting with what it is for", async () => {
  const { status, stdout } = await run(["config", "list"]);
  expect(status).toBe(0);
  for (const key of Object.keys(brokerConfigTable)) expect(stdout).toMatch(new RegExp(`^${key} `, "m"));
});
