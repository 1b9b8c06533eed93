/**
 * Tests run from source: imports between packages resolve to `src` through the export condition `@sluice/source`. Tiers are
 * projects; each has its own command (CONTRIBUTING.md).
 */
import { delimiter, dirname } from "node:path";
import { defineConfig } from "vitest/config";

const conditions = ["@sluice/source"];

// A limit that says "this hangs", not "this machine is busy".
const unitTimeoutMs = process.env.SLUICE_TEST_LONG ? 600_000 : 60_000;

const etcdTier = {
  include: ["test/etcd/**/*.test.ts"],
  testTimeout: 60_000,
  hookTimeout: 60_000,
  fileParallelism: false,
};

// The same tests on the oldest etcd that is supported, where one is named: whoever starts `etcd` there finds that first.
const oldEtcd = process.env.SLUICE_TEST_ETCD_34;
const oldEtcdTier = oldEtcd && {
  extends: true as const,
  test: { ...etcdTier, name: "etcd-3.4", env: { PATH: [dirname(oldEtcd), process.env.PATH].join(delimiter) } },
};

export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    pool: "forks",
    // What commands write to the home of a person stays in the checkout.
    env: { XDG_CONFIG_HOME: `${import.meta.dirname}/.cache/test-home` },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          testTimeout: unitTimeoutMs,
          include: [
            "packages/*/src/**/*.test.ts",
            "bench/**/*.test.ts",
            "test/layering/*.test.ts",
            "test/docs/*.test.ts",
          ],
        },
      },
      {
        extends: true,
        test: { name: "sim", include: ["test/sim/**/*.test.ts"], testTimeout: 120_000, fileParallelism: false },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts", "test/integrity/**/*.test.ts", "examples/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      { extends: true, test: { ...etcdTier, name: "etcd" } },
      ...(oldEtcdTier ? [oldEtcdTier] : []),
      {
        extends: true,
        test: {
          name: "chaos",
          include: ["test/chaos/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: "compose",
          include: ["test/compose/**/*.test.ts"],
          // Its reaper is an image of its own, to be pulled: the tests remove what they start themselves, after failure too.
          env: { TESTCONTAINERS_RYUK_DISABLED: "true" },
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: { name: "interop", include: ["test/interop/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 },
      },
    ],
  },
});
