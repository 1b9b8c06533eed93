import { type Offset, offset } from "@sluice/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParkedRequests } from "./parked-requests.js";

interface Fetch {
  readonly requestId: number;
  readonly fetchOffset: Offset;
}

describe("ParkedRequests", () => {
  it("releases the same fetches as a list that is scanned", () => {
    const command = fc.oneof(
      fc.record({ do: fc.constant("park" as const), at: fc.nat(20) }),
      fc.record({ do: fc.constant("remove" as const), at: fc.nat(30) }),
      fc.record({ do: fc.constant("takeBelow" as const), at: fc.nat(20) }),
      fc.record({ do: fc.constant("takeWhere" as const), at: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: "max" }), (commands) => {
        const fetches = new ParkedRequests<Fetch>();
        let list: Fetch[] = [];
        commands.forEach((step, requestId) => {
          const at = offset(step.at);
          if (step.do === "park") {
            const fetch = { requestId, fetchOffset: at };
            fetches.park(fetch, at);
            list.push(fetch);
          } else if (step.do === "remove") {
            expect(fetches.remove(step.at)).toBe(list.find((fetch) => fetch.requestId === step.at));
            list = list.filter((fetch) => fetch.requestId !== step.at);
          } else {
            const isTaken = (fetch: Fetch): boolean =>
              step.do === "takeBelow" ? fetch.fetchOffset < at : fetch.fetchOffset > at;
            const byRequest = (taken: typeof list): typeof list => taken.sort((a, b) => a.requestId - b.requestId);
            const taken =
              step.do === "takeBelow"
                ? fetches.takeBelow(at)
                : fetches.takeWhere(({ fetchOffset }) => fetchOffset > at);
            expect(byRequest(taken)).toEqual(list.filter(isTaken));
            list = list.filter((fetch) => !isTaken(fetch));
          }
        });
        expect(fetches.takeAll().sort((a, b) => a - b)).toEqual(list.map((fetch) => fetch.requestId));
      }),
    );
  });

  it("releases the lowest offset first", () => {
    const fetches = new ParkedRequests<Fetch>();
    [7, 3, 9, 3, 1].forEach((at, requestId) => {
      fetches.park({ requestId, fetchOffset: offset(at) }, at);
    });
    expect(fetches.takeBelow(offset(9)).map((fetch) => fetch.fetchOffset)).toEqual([1, 3, 3, 7]);
  });

  it("forgets nothing when it throws away empty buckets", () => {
    const fetches = new ParkedRequests<Fetch>();
    const park = (requestId: number, key: number): void => fetches.park({ requestId, fetchOffset: offset(0) }, key);
    park(1, 500);
    for (let index = 0; index < 1000; index += 1) {
      park(2, 2000 - index);
      fetches.remove(2);
    }
    park(3, 3);
    expect(fetches.takeBelow(500).map(({ requestId }) => requestId)).toEqual([3]);
    expect(fetches.takeBelow(5000).map(({ requestId }) => requestId)).toEqual([1]);
  });
});
