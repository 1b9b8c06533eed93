import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { clusterAddress } from "./cluster-address.js";
import { contextPath, readContexts, writeContexts } from "./context-file.js";
import { DevContext } from "./dev-context.js";
import { contextOrThrow, withContext, withoutContext } from "./edit-contexts.js";

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "sluice-contexts-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
});

describe("the file", () => {
  it("is in XDG_CONFIG_HOME, else in .config of the home", () => {
    expect(contextPath({ XDG_CONFIG_HOME: "/x" })).toBe("/x/sluice/config.json");
    expect(contextPath({ XDG_CONFIG_HOME: "", HOME: "/home/ann" })).toBe("/home/ann/.config/sluice/config.json");
  });

  it("holds nothing where there is none, and comes back as it was written", async () => {
    const path = contextPath({ XDG_CONFIG_HOME: home });
    expect(await readContexts(path)).toEqual({ version: 1, contexts: {} });
    const file = withContext({ version: 1, contexts: {} }, "prod", { brokers: "a:1" });
    await writeContexts(path, file);
    expect(await readContexts(path)).toEqual({ version: 1, current: "prod", contexts: { prod: { brokers: "a:1" } } });
    expect(await readdir(join(home, "sluice"))).toEqual(["config.json"]);
  });

  it("keeps what it does not know", async () => {
    const path = contextPath({ XDG_CONFIG_HOME: home });
    await writeContexts(path, { version: 1, contexts: {} });
    await writeFile(path, '{"version":1,"later":true,"contexts":{"a":{"brokers":"a:1","tls":1}}}');
    await writeContexts(path, withContext(await readContexts(path), "b", { brokers: "b:1" }));
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ later: true, contexts: { a: { tls: 1 } } });
  });

  it.each(["{", "[]", '{"contexts":{"a":1}}', '{"contexts":{},"current":5}'])(
    "is refused by name where it holds %s",
    async (text) => {
      const path = contextPath({ XDG_CONFIG_HOME: home });
      await writeContexts(path, { version: 1, contexts: {} });
      await writeFile(path, text);
      await expect(readContexts(path)).rejects.toThrow(/config\.json does not hold contexts/);
    },
  );

  it("is as it was where a new one cannot be written", async () => {
    const path = join(home, "file", "sluice", "config.json");
    await writeFile(join(home, "file"), "");
    await expect(writeContexts(path, { version: 1, contexts: {} })).rejects.toThrow();
    expect(await readFile(join(home, "file"), "utf8")).toBe("");
  });
});

describe("the address of a cluster", () => {
  const file = { version: 1, current: "dev", contexts: { dev: { brokers: "d:1" }, prod: { brokers: "p:1" } } } as const;

  it.each([
    [{ brokers: "a:1", context: "prod" }, { SLUICE_BROKERS: "e:1", SLUICE_CONTEXT: "prod" }, "a:1"],
    [{ context: "prod" }, { SLUICE_BROKERS: "e:1", SLUICE_CONTEXT: "dev" }, "e:1"],
    [{ context: "prod" }, { SLUICE_CONTEXT: "dev" }, "p:1"],
    [{}, { SLUICE_CONTEXT: "prod" }, "p:1"],
    [{}, { SLUICE_CONTEXT: "", SLUICE_BROKERS: "" }, "d:1"],
  ])("of %j with %j is %s", async (options, env, brokers) => {
    await writeContexts(contextPath({ XDG_CONFIG_HOME: home }), file);
    expect((await clusterAddress(options, { env: { ...env, XDG_CONFIG_HOME: home } })).brokers).toBe(brokers);
  });

  it("is localhost:9092 where nothing is said", async () => {
    expect(await clusterAddress({}, { env: { XDG_CONFIG_HOME: home } })).toEqual({
      brokers: "localhost:9092",
      origin: "the default",
    });
  });

  it("is not guessed where the context does not exist", async () => {
    await writeContexts(contextPath({ XDG_CONFIG_HOME: home }), file);
    const env = { XDG_CONFIG_HOME: home };
    await expect(clusterAddress({ context: "prd" }, { env })).rejects.toMatchObject({
      hint: expect.stringContaining("'prod'"),
    });
  });
});

describe("edits", () => {
  it("make the first context the current one, and no other unless asked", () => {
    const one = withContext({ version: 1, contexts: {} }, "a", { brokers: "a:1" });
    expect(one.current).toBe("a");
    const two = withContext(one, "b", { brokers: "b:1" });
    expect(two.current).toBe("a");
    expect(withContext(two, "b", { brokers: "b:1" }, { use: true }).current).toBe("b");
    expect(withoutContext(two, "a")).toEqual({ version: 1, contexts: { b: { brokers: "b:1" } } });
    expect(withoutContext(two, "b").current).toBe("a");
  });

  it("refuse names that are none", () => {
    for (const name of ["", "-a", "a b", "a/b", "x".repeat(64)])
      expect(() => withContext({ version: 1, contexts: {} }, name, { brokers: "a:1" })).toThrow(/not a name/);
    expect(() => contextOrThrow({ version: 1, contexts: {} }, "constructor")).toThrow(/no context/);
  });
});

describe("the context dev", () => {
  it("does not take the place of a current one, and goes only if it is still its own", async () => {
    const env = { XDG_CONFIG_HOME: home };
    const path = contextPath(env);
    await writeContexts(path, withContext({ version: 1, contexts: {} }, "prod", { brokers: "p:1" }));
    const first = new DevContext(env, "d:1");
    expect(await first.write()).toBe(false);
    expect(await readContexts(path)).toMatchObject({ current: "prod", contexts: { dev: { brokers: "d:1" } } });
    expect(await new DevContext({ ...env, SLUICE_CONTEXT: "dev" }, "d:2").write()).toBe(true);
    await first.remove();
    expect((await readContexts(path)).contexts.dev).toEqual({ brokers: "d:2" });
    await new DevContext(env, "d:2").remove();
    expect((await readContexts(path)).contexts.dev).toBeUndefined();
  });

  it("is given back to the cluster that had the name, when a temporary one ends", async () => {
    const env = { XDG_CONFIG_HOME: home };
    await new DevContext(env, "d:1").write();
    const temporary = new DevContext(env, "d:2");
    await temporary.write();
    await temporary.remove();
    expect(await readContexts(contextPath(env))).toMatchObject({
      current: "dev",
      contexts: { dev: { brokers: "d:1" } },
    });
  });

  it("is the current one where there is none", async () => {
    const env = { XDG_CONFIG_HOME: home };
    expect(await new DevContext(env, "d:1").write()).toBe(true);
    expect((await readContexts(contextPath(env))).current).toBe("dev");
    expect(await new DevContext({ ...env, SLUICE_BROKERS: "x:1" }, "d:1").write()).toBe(false);
  });
});
