/**
 * What the broker answers over HTTP: /healthz (its event loop runs, and nothing more), /readyz (it can serve; says what is wrong)
 * and /metrics.
 *
 * /healthz is for whoever restarts a process that hangs: a restart cures neither a full disk nor a cluster store that is away.
 */

import type { HttpAnswer, HttpRoutes } from "./http-server.js";
import type { Readiness } from "./readiness.js";

export interface HttpRouteDependencies {
  readiness(): Readiness;
  metrics: { readonly contentType: string; text(): Promise<string> };
}

/** The routes of a broker's HTTP listener. */
export function httpRoutes(dependencies: HttpRouteDependencies): HttpRoutes {
  return {
    "/healthz": () => json(200, { status: "ok" }),
    "/readyz": () => {
      const { isReady, status, problems } = dependencies.readiness();
      return json(isReady ? 200 : 503, { status, problems });
    },
    "/metrics": async () => {
      const { metrics } = dependencies;
      return { status: 200, contentType: metrics.contentType, body: await metrics.text() };
    },
  };
}

function json(status: number, value: object): HttpAnswer {
  return { status, contentType: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n` };
}
