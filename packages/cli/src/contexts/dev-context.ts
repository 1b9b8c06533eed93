/** The context "dev": `sluice dev` writes it, so that commands find its cluster. A context that is the current one stays it. */

import { contextPath, readContexts, writeContexts } from "./context-file.js";
import { withContext, withoutContext } from "./edit-contexts.js";

const devName = "dev";

export class DevContext {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #brokers: string;

  /** @param brokers of the cluster that was started */
  constructor(env: Readonly<Record<string, string | undefined>>, brokers: string) {
    this.#env = env;
    this.#brokers = brokers;
  }

  /** Writes it. True where a command without options finds this cluster now. @throws InputError, or an error of the file system */
  async write(): Promise<boolean> {
    const path = contextPath(this.#env);
    const before = await readContexts(path);
    const after = withContext(before, devName, { brokers: this.#brokers });
    const isSame = before.current === after.current && before.contexts[devName]?.brokers === this.#brokers;
    if (!isSame) await writeContexts(path, after);
    if (this.#env.SLUICE_BROKERS) return this.#env.SLUICE_BROKERS === this.#brokers;
    return (this.#env.SLUICE_CONTEXT || after.current) === devName;
  }

  /** Removes it, unless another cluster has taken the name meanwhile. @throws as `write` */
  async remove(): Promise<void> {
    const path = contextPath(this.#env);
    const file = await readContexts(path);
    if (file.contexts[devName]?.brokers === this.#brokers) await writeContexts(path, withoutContext(file, devName));
  }
}
