import { SluiceError } from "@sluice/model";
import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import {
  EtcdInvalidAuthTokenError,
  EtcdPermissionDeniedError,
  GRPCResourceExhastedError,
  GRPCUnavailableError,
} from "etcd3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EtcdMember } from "./etcd-member.js";
import { EtcdMembers } from "./etcd-members.js";

const endpoints = ["http://a:1", "http://b:1", "http://c:1"];

describe("EtcdMembers", () => {
  let clock: VirtualClock;
  let members: EtcdMembers;
  let asked: string[];

  beforeEach(() => {
    clock = new VirtualClock();
    const options = { endpoints, callTimeoutMs: 1000, patienceMs: 5000, auth: undefined, tls: undefined };
    members = new EtcdMembers(options, { clock, random: new SeededRandom(1) });
    asked = [];
  });
  afterEach(() => {
    members.close();
    expect(clock.timerCount).toBe(0);
  });

  it("stays with a member that answers", async () => {
    for (let i = 0; i < 5; i += 1) await members.askOnce(answer);
    expect(new Set(asked).size).toBe(1);
  });

  it("asks the next where one does not answer, until each had its turn", async () => {
    for (let i = 0; i < 3; i += 1) await expect(members.askOnce(fail(unavailable()))).rejects.toThrow("no connection");
    expect(new Set(asked).size).toBe(3);
  });

  it("moves on once, however many calls fail at one member", async () => {
    const failing = Array.from({ length: 3 }, () => members.askOnce(fail(unavailable())));
    await Promise.allSettled(failing);
    await members.askOnce(answer);
    await expect(members.askOnce(fail(unavailable()))).rejects.toThrow();
    await members.askOnce(answer);
    expect(asked.slice(0, 3)).toEqual([asked[0], asked[0], asked[0]]);
    expect(new Set([asked[0], asked[3], asked[5]]).size).toBe(3);
  });

  it.each([
    ["STORE_ACCESS_DENIED", new EtcdPermissionDeniedError("permission denied")],
    ["STORE_UNAVAILABLE", new GRPCResourceExhastedError("database space exceeded")],
    ["LEASE_EXPIRED", new SluiceError("LEASE_EXPIRED", { lease: "7" })],
  ])("asks nobody else where the answer is %s", async (code, error) => {
    await expect(members.ask(fail(error))).rejects.toMatchObject({ code });
    await members.askOnce(answer);
    expect(new Set(asked).size).toBe(1);
  });

  it("connects anew where the token of the connection has run out", async () => {
    const connections: EtcdMember[] = [];
    const note = async (member: EtcdMember): Promise<void> => void connections.push(member);
    await members.askOnce(note);
    await expect(members.askOnce(fail(new EtcdInvalidAuthTokenError("invalid auth token")))).rejects.toThrow();
    await members.askOnce(note);
    expect(connections[1]).not.toBe(connections[0]);
    expect(connections[1]?.endpoint).toBe(connections[0]?.endpoint);
  });

  it("tries again ever more rarely, for as long as patience lasts", async () => {
    const times: number[] = [];
    const asking = members.ask(async () => {
      times.push(clock.monotonicMs());
      throw unavailable();
    });
    asking.catch(() => undefined);
    for (let i = 0; i < 20; i += 1) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      if (clock.nextTimerMs !== undefined) clock.advance(clock.nextTimerMs);
    }
    await expect(asking).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(times).toEqual([0, 50, 150, 350, 750, 1550, 2550, 3550, 4550]);
  });

  it("does not try again once it is told to stop", async () => {
    const asking = members.ask(fail(unavailable()));
    members.stopRetrying();
    await expect(asking).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(asked).toHaveLength(1);
  });

  async function answer({ endpoint }: EtcdMember): Promise<void> {
    asked.push(endpoint);
  }

  function fail(error: Error): (member: EtcdMember) => Promise<never> {
    return async ({ endpoint }) => {
      asked.push(endpoint);
      throw error;
    };
  }
});

function unavailable(): Error {
  return new GRPCUnavailableError("no connection");
}
