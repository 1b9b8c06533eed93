/** docs/metrics.md is made from the metrics of the broker. `npx vitest run --project unit test/docs -u` writes it anew. */

import { metricCatalogue } from "@sluice/broker";
import { describe, expect, it } from "vitest";

const metrics = metricCatalogue();

/** What a value of the metric is: seconds, bytes, or things that are counted. */
function unitOf(name: string): string | undefined {
  const words = name.replace(/_total$/, "").split("_");
  const last = words.at(-1) ?? "";
  if (["seconds", "bytes"].includes(last)) return last;
  if (["ready", "full", "offline"].includes(last)) return "0 or 1";
  return /s$/.test(last) ? last : undefined;
}

describe("every metric", () => {
  it.each(metrics.map((metric) => [metric.name, metric] as const))(
    "%s says what it is, and in which unit",
    (name, metric) => {
      expect(metric.help).toMatch(/^[A-Z1].{10,}\.$/);
      expect(unitOf(name)).toBeDefined();
      expect(name).toMatch(/^(sluice|process)_[a-z_]+$/);
      expect(name.endsWith("_total"), "counters, and only counters, end in _total").toBe(metric.type === "counter");
      if (metric.type === "histogram") expect(name).toMatch(/_seconds$/);
    },
  );

  it("has a name of its own", () => {
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  });
});

it("docs/metrics.md shows the metrics of a broker as they are", async () => {
  const rows = metrics.map(({ name, type, labels, help }) => {
    const shown = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${unitOf(name)} | ${shown} | ${help} |`;
  });
  const page = `# Metrics

Made from \`packages/broker/src/metrics/broker-metrics.ts\`. A broker publishes them at \`/metrics\` of its HTTP port, in the text format of Prometheus.
[Operations](operations.md) says which of them to watch, and what to do.

Counters begin at 0 with the process. Histograms have \`_bucket\`, \`_sum\` and \`_count\`, with bounds from 0.1 ms to 10 s. Figures of the process are the
same for all brokers of one process (\`sluice dev\`).

| name | type | unit | labels | what it is |
|---|---|---|---|---|
${rows.join("\n")}
`;
  await expect(page).toMatchFileSnapshot("../../docs/metrics.md");
});
