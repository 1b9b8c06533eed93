/**
 * Transactions over a network that loses requests, loses answers, and delivers a request long after its sender gave it up, with other
 * writers in between. The etcd here is the state of the local stores behind etcd's messages.
 */

import { invariant, type SluiceError } from "@sluice/model";
import { EtcdLeaseInvalidError, type ICompare, type IRequestOp, type ITxnRequest, type ITxnResponse } from "etcd3";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Compare, Operation, TransactionResult } from "../cluster-store.js";
import { StoreState } from "../store-state.js";
import { EtcdCodec } from "./etcd-codec.js";
import { storeError } from "./etcd-errors.js";
import type { EtcdMember } from "./etcd-member.js";
import { EtcdTransactions } from "./etcd-transactions.js";

/** What the network does with one request. `late`: it is delivered after the call of the test is over. */
type Fate = "arrives" | "request lost" | "answer lost" | "late";

const key = "a";
const ours = "ours";

describe("EtcdTransactions", () => {
  let etcd: FakeEtcd;
  let transactions: EtcdTransactions;

  beforeEach(() => {
    etcd = new FakeEtcd();
    transactions = newTransactions(etcd);
  });

  it("succeeds once where the answer to its first try was lost", async () => {
    etcd.fates.push("answer lost");
    const result = await transactions.run([absent], [putOurs]);
    expect(result).toEqual({ succeeded: true, revision: 1 });
    expect(etcd.ourRevisions).toEqual([1]);
  });

  it("knows its own success though another writer has overwritten it since", async () => {
    etcd.fates.push("answer lost");
    etcd.betweenTries.push([{ type: "put", key, value: "theirs" }]);
    expect(await transactions.run([absent], [putOurs])).toEqual({ succeeded: true, revision: 1 });
    expect(etcd.valueOf(key)).toBe("theirs");
  });

  it("is not carried out twice where its compares hold again", async () => {
    etcd.fates.push("answer lost");
    etcd.betweenTries.push([{ type: "delete", key }]);
    expect(await transactions.run([absent], [putOurs])).toEqual({ succeeded: true, revision: 1 });
    expect(etcd.valueOf(key)).toBeUndefined();
  });

  it("does not take another writer's success for its own, though both wrote the same", async () => {
    etcd.fates.push("request lost");
    etcd.betweenTries.push([putOurs]);
    expect(await transactions.run([absent], [putOurs])).toMatchObject({ succeeded: false });
  });

  it("after a refusal, is not carried out by a try that arrives late", async () => {
    etcd.fates.push("late");
    etcd.betweenTries.push([{ type: "put", key, value: "theirs" }]);
    expect(await transactions.run([absent], [putOurs])).toMatchObject({ succeeded: false });
    etcd.writeOtherwise([{ type: "delete", key }]);
    etcd.deliverLate();
    expect(etcd.valueOf(key)).toBeUndefined();
  });

  it("says INDETERMINATE where no try is answered, and LEASE_EXPIRED where the lease of an operation is over", async () => {
    etcd.fates.push(...Array.from({ length: 20 }, () => "request lost" as const));
    await expect(transactions.run([absent], [putOurs])).rejects.toMatchObject({ code: "INDETERMINATE" });
    etcd.fates.length = 0;
    const leased: Operation = { type: "put", key, value: "x", leaseId: "7" };
    await expect(transactions.run([absent], [leased])).rejects.toMatchObject({
      code: "LEASE_EXPIRED",
      details: { lease: "7" },
    });
  });

  it("gets a new mark where the lease of its mark is gone", async () => {
    etcd.leases.clear();
    expect(await transactions.run([absent], [putOurs])).toMatchObject({ succeeded: true });
  });

  it("tells the truth and is carried out at most once, whatever the network does", async () => {
    const fate = fc.constantFrom<Fate>("arrives", "request lost", "answer lost", "late");
    const otherWrite = fc.constantFrom<Operation[]>(
      [],
      [{ type: "put", key, value: "theirs" }],
      [putOurs],
      [{ type: "delete", key }],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fate, { maxLength: 8, size: "max" }),
        fc.array(otherWrite, { maxLength: 8, size: "max" }),
        fc.boolean(),
        async (fates, betweenTries, existsBefore) => {
          const faulty = new FakeEtcd();
          if (existsBefore) faulty.writeOtherwise([{ type: "put", key, value: "before" }]);
          const compare = existsBefore ? ({ key, target: "modRevision", equals: 1 } as const) : absent;
          faulty.fates.push(...fates);
          faulty.betweenTries.push(...betweenTries);
          const outcome = await outcomeOf(newTransactions(faulty).run([compare], [putOurs]));
          const carriedOutBefore = [...faulty.ourRevisions];
          faulty.writeOtherwise([{ type: "delete", key }]);
          faulty.deliverLate();
          expect(faulty.ourRevisions.length).toBeLessThanOrEqual(1);
          if (outcome === "INDETERMINATE") return;
          // What was answered stays: nothing arrives that changes it.
          expect(faulty.ourRevisions).toEqual(carriedOutBefore);
          expect(outcome.succeeded).toBe(carriedOutBefore.length === 1);
          if (outcome.succeeded) expect(outcome.revision).toBe(carriedOutBefore[0]);
        },
      ),
    );
  });
});

const absent: Compare = { key, target: "createRevision", equals: 0 };
const putOurs: Operation = { type: "put", key, value: ours };

async function outcomeOf(run: Promise<TransactionResult>): Promise<TransactionResult | "INDETERMINATE"> {
  return run.catch((error: SluiceError) => {
    invariant(error.code === "INDETERMINATE", error.message);
    return "INDETERMINATE";
  });
}

/** Patience for five tries after the first, without time. */
function newTransactions(etcd: FakeEtcd): EtcdTransactions {
  const askOnce = async <Answer>(call: (member: EtcdMember) => Promise<Answer>): Promise<Answer> => {
    try {
      return await call({ kv: { txn: (request: ITxnRequest) => etcd.send(request) } } as unknown as EtcdMember);
    } catch (error) {
      throw storeError(error, "fake");
    }
  };
  const ask = async <Answer>(call: (member: EtcdMember) => Promise<Answer>): Promise<Answer> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await askOnce(call);
      } catch (error) {
        if (tries === 6) throw error;
      }
    }
  };
  const retries = (): { next(): Promise<boolean> } => {
    let left = 5;
    return { next: async () => left-- > 0 };
  };
  const marks = {
    count: 0,
    next: async () => {
      marks.count += 1;
      return { key: `mark-${marks.count}`, leaseId: etcd.markLease };
    },
    forgetLease: () => etcd.renewMarkLease(),
  };
  return new EtcdTransactions({ members: { ask, askOnce, retries }, codec: new EtcdCodec(""), marks });
}

/** etcd behind a faulty network. */
class FakeEtcd {
  /** For each request; beyond them all arrive. */
  readonly fates: Fate[] = [];
  /** What others write after each request. */
  readonly betweenTries: Operation[][] = [];
  readonly leases = new Set(["1"]);
  markLease = "1";
  /** Revisions at which the transaction under test was carried out. */
  readonly ourRevisions: number[] = [];
  readonly #state = new StoreState();
  readonly #late: ITxnRequest[] = [];

  async send(request: ITxnRequest): Promise<ITxnResponse> {
    const fate = this.fates.shift() ?? "arrives";
    try {
      if (fate === "late") this.#late.push(request);
      const answer = fate === "arrives" || fate === "answer lost" ? this.#carryOut(request) : undefined;
      if (answer !== undefined && fate === "arrives") return answer;
      throw new Error("connection broken");
    } finally {
      this.writeOtherwise(this.betweenTries.shift() ?? []);
    }
  }

  writeOtherwise(operations: Operation[]): void {
    this.#state.transact([], operations);
  }

  deliverLate(): void {
    for (const request of this.#late.splice(0)) this.#carryOut(request);
  }

  valueOf(wanted: string): string | undefined {
    return this.#state.get(wanted)?.value;
  }

  renewMarkLease(): void {
    this.markLease = "2";
    this.leases.add("2");
  }

  #carryOut({ compare = [], success = [], failure = [] }: ITxnRequest): ITxnResponse {
    const leases = success.flatMap(({ request_put }) => request_put?.lease ?? []);
    if (!leases.every((lease) => this.leases.has(String(lease)))) throw leaseNotFound();
    const { succeeded } = this.#state.transact(compare.map(compareOf), success.flatMap(operationOf));
    const { revision } = this.#state;
    const isOurs = success.some(({ request_put }) => request_put?.value?.toString() === ours);
    if (succeeded && isOurs) this.ourRevisions.push(revision);
    const responses = succeeded ? [] : failure.map((operation) => this.#rangeOf(operation));
    return { header: { revision: String(revision) }, succeeded, responses } as unknown as ITxnResponse;
  }

  #rangeOf({ request_range }: IRequestOp): unknown {
    const entry = this.#state.get(String(request_range?.key));
    const kvs = entry === undefined ? [] : [{ value: Buffer.from(entry.value), mod_revision: `${entry.modRevision}` }];
    return { response_range: { kvs } };
  }
}

function compareOf(compare: ICompare): Compare {
  const wanted = String(compare.key);
  return compare.target === "Create"
    ? { key: wanted, target: "createRevision", equals: Number(compare.create_revision) }
    : { key: wanted, target: "modRevision", equals: Number(compare.mod_revision) };
}

function operationOf({ request_put: put }: IRequestOp): Operation[] {
  return put === undefined ? [] : [{ type: "put", key: String(put.key), value: String(put.value) }];
}

function leaseNotFound(): Error {
  return new EtcdLeaseInvalidError("etcdserver: requested lease not found");
}
