import { type Offset, offset } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParkedFetches } from "./parked-fetches.js";

describe("ParkedFetches", () => {
  it("releases the same fetches as a list that is scanned", () => {
    const command = fc.oneof(
      fc.record({ do: fc.constant("park" as const), at: fc.nat(20) }),
      fc.record({ do: fc.constant("remove" as const), at: fc.nat(30) }),
      fc.record({ do: fc.constant("takeBelow" as const), at: fc.nat(20) }),
      fc.record({ do: fc.constant("takeBeyond" as const), at: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const fetches = new ParkedFetches();
        let list: { requestId: number; fetchOffset: Offset }[] = [];
        commands.forEach((step, requestId) => {
          const at = offset(step.at);
          if (step.do === "park") {
            fetches.park(requestId, at);
            list.push({ requestId, fetchOffset: at });
          } else if (step.do === "remove") {
            expect(fetches.remove(step.at)).toBe(list.some((fetch) => fetch.requestId === step.at));
            list = list.filter((fetch) => fetch.requestId !== step.at);
          } else {
            const isTaken = (fetch: { fetchOffset: Offset }): boolean =>
              step.do === "takeBelow" ? fetch.fetchOffset < at : fetch.fetchOffset > at;
            const byRequest = (taken: typeof list): typeof list => taken.sort((a, b) => a.requestId - b.requestId);
            const taken = step.do === "takeBelow" ? fetches.takeBelow(at) : fetches.takeBeyond(at);
            expect(byRequest(taken)).toEqual(list.filter(isTaken));
            list = list.filter((fetch) => !isTaken(fetch));
          }
        });
        expect(fetches.takeAll().sort((a, b) => a - b)).toEqual(list.map((fetch) => fetch.requestId));
      }),
    );
  });

  it("releases the lowest offset first", () => {
    const fetches = new ParkedFetches();
    [7, 3, 9, 3, 1].forEach((at, requestId) => {
      fetches.park(requestId, offset(at));
    });
    expect(fetches.takeBelow(offset(9)).map((fetch) => fetch.fetchOffset)).toEqual([1, 3, 3, 7]);
  });
});
