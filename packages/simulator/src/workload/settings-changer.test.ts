import type { TransportConnection } from "@sluice/model";
import { VirtualClock } from "@sluice/model/testing";
import { describe, expect, it } from "vitest";
import { Chance } from "../kernel/chance.js";
import { eventLoopTurn } from "../kernel/event-loop-turn.js";
import type { ClusterSession } from "./cluster-session.js";
import { SettingsChanger } from "./settings-changer.js";

describe("SettingsChanger", () => {
  it("sets min.insync.replicas of its topic to 1 or 2, time and again, until it is stopped", async () => {
    const clock = new VirtualClock();
    const asked: { readonly path: string; readonly request: unknown }[] = [];
    const connection = {
      call: async ({ path }: { readonly path: string }, request: unknown) => asked.push({ path, request }),
    };
    const session = {
      untilAnswered: <Result>(call: (to: TransportConnection) => Promise<Result>) =>
        call(connection as unknown as TransportConnection),
    };
    const changer = new SettingsChanger(
      { topic: "ledger", intervalMs: 100 },
      { session: session as ClusterSession, clock, chance: new Chance(1, "settings") },
    );
    const running = changer.run();
    for (let turn = 0; turn < 50; turn += 1) {
      clock.advance(200);
      await eventLoopTurn();
    }
    changer.stop();
    clock.advance(200);
    await running;
    const requests = asked.map(({ request }) => request as { name: string; set: { key: string; value: string }[] });
    expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(["/sluice.v1.Cluster/AlterTopicConfigs"]));
    expect(new Set(requests.map(({ name }) => name))).toEqual(new Set(["ledger"]));
    const settings = requests.flatMap(({ set }) => set.map(({ key, value }) => `${key}=${value}`));
    expect(new Set(settings)).toEqual(new Set(["min.insync.replicas=1", "min.insync.replicas=2"]));
    const count = asked.length;
    clock.advance(1000);
    await eventLoopTurn();
    expect(asked.length).toBe(count);
  });
});
