import { afterEach, describe, expect, it } from "vitest";
import { httpRoutes } from "./http-routes.js";
import { type HttpServer, startHttpServer } from "./http-server.js";
import type { Readiness } from "./readiness.js";

describe("HTTP listener", () => {
  const servers: HttpServer[] = [];
  let readiness: Readiness = { isReady: true, status: "ready", problems: [] };

  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  async function start(port = 0): Promise<string> {
    const routes = httpRoutes({
      readiness: () => readiness,
      metrics: { contentType: "text/plain", text: () => Promise.resolve("a_total 1\n") },
    });
    const server = await startHttpServer({ host: "127.0.0.1", port, option: "httpPort" }, routes);
    servers.push(server);
    return `http://127.0.0.1:${server.port}`;
  }

  it("answers health, metrics, and readiness with what is wrong", async () => {
    const url = await start();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics?x=1`)).text()).toBe("a_total 1\n");
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    readiness = { isReady: false, status: "draining", problems: ["the broker is stopping"] };
    const answer = await fetch(`${url}/readyz`);
    const body = { status: "draining", problems: ["the broker is stopping"] };
    expect([answer.status, await answer.json()]).toEqual([503, body]);
    expect(answer.headers.get("content-type")).toContain("application/json");
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it("refuses other paths and methods", async () => {
    const url = await start();
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/__proto__`)).status).toBe(404);
    expect((await fetch(`${url}/healthz`, { method: "POST", body: "x" })).status).toBe(405);
  });

  it("says ADDRESS_IN_USE for a port that is taken, and frees its own at close", async () => {
    await start();
    const { port } = servers[0] as HttpServer;
    await expect(start(port)).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    await servers.splice(0)[0]?.close();
    await start(port);
  });
});
