/**
 * What the broker answers over HTTP: /healthz (the process runs), /readyz (it can serve; says why not) and /metrics.
 *
 * `readyz` tells the truth at this moment: registered in the cluster, the newest image applied, every role that the image gives
 * this broker taken, and not stopping.
 */

import type { HttpAnswer, HttpRoutes } from "./http-server.js";

export interface Readiness {
  readonly isReady: boolean;
  /** What is missing; empty when ready. */
  readonly missing: readonly string[];
}

export interface HttpRouteDependencies {
  readiness(): Readiness;
  metrics: { readonly contentType: string; text(): Promise<string> };
}

/** The routes of a broker's HTTP listener. */
export function httpRoutes(dependencies: HttpRouteDependencies): HttpRoutes {
  return {
    "/healthz": () => json(200, { status: "ok" }),
    "/readyz": () => {
      const { isReady, missing } = dependencies.readiness();
      return json(isReady ? 200 : 503, { status: isReady ? "ready" : "not ready", missing });
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
