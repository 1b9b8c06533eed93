/** The context "dev": `sluice dev` writes it, so that commands find its cluster. A context that is the current one stays it. */

import { contextPath, readContexts, writeContexts } from "./context-file.js";
import { withContext, withoutContext } from "./edit-contexts.js";

const devName = "dev";

export class DevContext {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #brokers: string;
  /** Brokers of the cluster that had the name before. */
  #replaced: string | undefined;

  /** @param brokers of the cluster that was started */
  constructor(env: Readonly<Record<string, string | undefined>>, brokers: string) {
    this.#env = env;
    this.#brokers = brokers;
  }

  /** Writes it. True where a command without options finds this cluster now. @throws InputError, or an error of the file system */
  async write(): Promise<boolean> {
    const path = contextPath(this.#env);
    const before = await readContexts(path);
    const known = before.contexts[devName]?.brokers;
    if (known !== this.#brokers) this.#replaced = known;
    const after = withContext(before, devName, { brokers: this.#brokers });
    const isSame = before.current === after.current && known === this.#brokers;
    if (!isSame) await writeContexts(path, after);
    if (this.#env.SLUICE_BROKERS) return this.#env.SLUICE_BROKERS === this.#brokers;
    return (this.#env.SLUICE_CONTEXT || after.current) === devName;
  }

  /** Gives the name back to the cluster that had it, or removes it, unless another has taken it meanwhile. @throws as `write` */
  async remove(): Promise<void> {
    const path = contextPath(this.#env);
    const file = await readContexts(path);
    if (file.contexts[devName]?.brokers !== this.#brokers) return;
    const brokers = this.#replaced;
    await writeContexts(
      path,
      brokers === undefined ? withoutContext(file, devName) : withContext(file, devName, { brokers }),
    );
  }
}
