import { SeededRandom, VirtualClock } from "@sluice/model/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { EtcdMember } from "./etcd-member.js";
import { TransactionMarks } from "./transaction-marks.js";

describe("TransactionMarks", () => {
  let clock: VirtualClock;
  let grants: number;
  let failure: Error | undefined;
  let marks: TransactionMarks;

  beforeEach(() => {
    clock = new VirtualClock();
    grants = 0;
    failure = undefined;
    const leaseGrant = async (): Promise<{ ID: string }> => {
      if (failure !== undefined) throw failure;
      grants += 1;
      return { ID: `${grants}` };
    };
    const member = { leaseClient: { leaseGrant } } as unknown as EtcdMember;
    marks = new TransactionMarks({ ask: (call) => call(member) }, { clock, random: new SeededRandom(1) });
  });

  it("never hands out one twice, under one lease however many ask at once", async () => {
    const handedOut = await Promise.all(Array.from({ length: 100 }, () => marks.next()));
    expect(new Set(handedOut.map(({ key }) => key)).size).toBe(100);
    expect(new Set(handedOut.map(({ leaseId }) => leaseId))).toEqual(new Set(["1"]));
    expect(grants).toBe(1);
  });

  it("get a new lease when half of its minute is over, and when it was lost", async () => {
    await marks.next();
    clock.advance(29_999);
    expect((await marks.next()).leaseId).toBe("1");
    clock.advance(1);
    expect((await marks.next()).leaseId).toBe("2");
    marks.forgetLease();
    expect((await marks.next()).leaseId).toBe("3");
  });

  it("ask again for a lease that was not granted", async () => {
    failure = new Error("down");
    await expect(marks.next()).rejects.toThrow("down");
    failure = undefined;
    expect((await marks.next()).leaseId).toBe("1");
  });
});
