/** The command line of Docker, for tests that run containers. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { repositoryRoot } from "./program.js";

const run = promisify(execFile);
const outputBytesMax = 64 * 1024 * 1024;

/** Runs `docker` with these arguments at the top of the repository. @throws an error with what it said, where it fails */
export async function docker(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const options = { cwd: repositoryRoot, env: { ...process.env, ...env }, maxBuffer: outputBytesMax };
  const { stdout } = await run("docker", [...args], options);
  return stdout;
}

/** A project of docker-compose under a name of its own, so that it meets no other on the same machine. */
export class ComposeProject {
  readonly name: string;
  readonly #files: readonly string[];
  readonly #env: Readonly<Record<string, string>>;

  /** @param options.files paths from the top of the repository */
  constructor(options: {
    readonly name: string;
    readonly files: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  }) {
    this.name = options.name;
    this.#files = options.files;
    this.#env = options.env ?? {};
  }

  /** Runs `docker compose` on the project. */
  compose(...args: readonly string[]): Promise<string> {
    const files = this.#files.flatMap((file) => ["--file", file]);
    return docker(["compose", "--project-name", this.name, ...files, ...args], this.#env);
  }

  /** Id of the container of a service, running or not. */
  async container(service: string): Promise<string> {
    return (await this.compose("ps", "--all", "--quiet", service)).trim();
  }

  /** Removes everything of it, data included. */
  async remove(): Promise<void> {
    await this.compose("down", "--volumes", "--remove-orphans", "--timeout", "5");
  }
}
