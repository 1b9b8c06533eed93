/**
 * Transactions with one outcome, though their answers get lost (P7).
 *
 * A transaction without an answer may have been carried out, or may be carried out later. Sent again as it is, it could be
 * refused by its own first try, or, where its compares hold again, be carried out twice. So every transaction that compares something
 * puts a mark of its own too, and compares that the mark does not exist:
 *
 *     if  compares, and no mark        then operations, put mark "done"        else read the mark
 *
 * It is carried out at most once, however often it is sent. A refusal that finds the mark done was refused by an earlier try, and has
 * succeeded at the mark's revision. A refusal without a mark is final where the first try was answered; where it was not, a try may
 * still be on its way, and is shut out first:
 *
 *     if  no mark                      then put mark "refused"                 else read the mark
 *
 * A transaction that compares nothing asks for a state whatever was before, and one without operations only asks: both are sent
 * again as they are, and have no mark.
 */

import { isSluiceError, SluiceError } from "@sluice/model";
import type { ITxnRequest, ITxnResponse } from "etcd3";
import type { Compare, Operation, TransactionResult } from "../cluster-store.js";
import type { EtcdCodec } from "./etcd-codec.js";
import { isRefusal } from "./etcd-errors.js";
import type { EtcdMembers } from "./etcd-members.js";
import type { TransactionMark, TransactionMarks } from "./transaction-marks.js";

export interface EtcdTransactionsDependencies {
  readonly members: Pick<EtcdMembers, "ask" | "askOnce" | "retries">;
  readonly codec: EtcdCodec;
  readonly marks: Pick<TransactionMarks, "next" | "forgetLease">;
}

/** What came of one try. */
type Try =
  | { readonly type: "answered"; readonly result: TransactionResult }
  | { readonly type: "refused"; readonly error: SluiceError }
  | { readonly type: "unanswered"; readonly error: SluiceError };

const markDone = "done";
const markRefused = "refused";

export class EtcdTransactions {
  readonly #members: EtcdTransactionsDependencies["members"];
  readonly #codec: EtcdCodec;
  readonly #marks: EtcdTransactionsDependencies["marks"];

  constructor(dependencies: EtcdTransactionsDependencies) {
    this.#members = dependencies.members;
    this.#codec = dependencies.codec;
    this.#marks = dependencies.marks;
  }

  /** @throws SluiceError as `ClusterStore.transact` */
  async run(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    try {
      return await this.#run(compares, operations);
    } catch (error) {
      throw isSluiceError(error, "LEASE_EXPIRED") ? leaseExpired(operations, error) : error;
    }
  }

  async #run(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    if (compares.length === 0 || operations.length === 0) return this.#runUnmarked(compares, operations);
    try {
      return await this.#runMarked(compares, operations, await this.#marks.next());
    } catch (error) {
      if (!isSluiceError(error, "LEASE_EXPIRED")) throw error;
      // Either the mark's lease or that of an operation: under a new mark it can only be the latter.
      this.#marks.forgetLease();
      return this.#runMarked(compares, operations, await this.#marks.next());
    }
  }

  async #runUnmarked(compares: readonly Compare[], operations: readonly Operation[]): Promise<TransactionResult> {
    const request = {
      compare: compares.map((compare) => this.#codec.compare(compare)),
      success: operations.map((operation) => this.#codec.operation(operation)),
    };
    try {
      return resultOf(await this.#members.ask((member) => member.kv.txn(request)));
    } catch (error) {
      throw isRefusal(error as SluiceError) ? error : indeterminate(error as SluiceError);
    }
  }

  async #runMarked(
    compares: readonly Compare[],
    operations: readonly Operation[],
    mark: TransactionMark,
  ): Promise<TransactionResult> {
    const request = this.#marked(compares, operations, { mark, value: markDone });
    const first = await this.#try(request);
    if (first.type === "answered") return first.result;
    if (first.type === "refused") throw first.error;
    const later = await this.#tryAgain(request, first.error);
    if (later.type === "answered" && later.result.succeeded) return later.result;
    // Refused now, while an earlier try may still be under way.
    const final = await this.#shutOut(mark);
    if (later.type === "refused" && !final.succeeded) throw later.error;
    return final;
  }

  async #try(request: ITxnRequest): Promise<Try> {
    try {
      return { type: "answered", result: resultOf(await this.#members.askOnce((member) => member.kv.txn(request))) };
    } catch (error) {
      return { type: isRefusal(error as SluiceError) ? "refused" : "unanswered", error: error as SluiceError };
    }
  }

  /** @throws SluiceError INDETERMINATE */
  async #tryAgain(request: ITxnRequest, cause: SluiceError): Promise<Exclude<Try, { type: "unanswered" }>> {
    const retries = this.#members.retries();
    while (await retries.next()) {
      const again = await this.#try(request);
      if (again.type !== "unanswered") return again;
    }
    throw indeterminate(cause);
  }

  /** No try of the transaction is carried out after this. Tells whether one was. @throws SluiceError INDETERMINATE */
  async #shutOut(mark: TransactionMark): Promise<TransactionResult> {
    const request = this.#marked([], [], { mark, value: markRefused });
    try {
      const answer = await this.#members.ask((member) => member.kv.txn(request));
      const { revision, succeeded } = resultOf(answer);
      return { revision, succeeded: succeeded && !answer.succeeded };
    } catch (error) {
      throw indeterminate(error as SluiceError);
    }
  }

  #marked(
    compares: readonly Compare[],
    operations: readonly Operation[],
    { mark, value }: { readonly mark: TransactionMark; readonly value: string },
  ): ITxnRequest {
    const noMark: Compare = { key: mark.key, target: "createRevision", equals: 0 };
    const putMark: Operation = { type: "put", key: mark.key, value, leaseId: mark.leaseId };
    return {
      compare: [...compares, noMark].map((compare) => this.#codec.compare(compare)),
      success: [...operations, putMark].map((operation) => this.#codec.operation(operation)),
      failure: [{ request_range: { key: this.#codec.key(mark.key) } }],
    };
  }
}

/** What etcd answered; refused by the mark of an earlier try that was carried out means carried out. */
function resultOf(answer: ITxnResponse): TransactionResult {
  const mark = answer.succeeded ? undefined : answer.responses[0]?.response_range.kvs[0];
  if (mark?.value.toString() === markDone) return { succeeded: true, revision: Number(mark.mod_revision) };
  return { succeeded: answer.succeeded, revision: Number(answer.header.revision) };
}

/** etcd does not say which lease it did not find. */
function leaseExpired(operations: readonly Operation[], cause: SluiceError): SluiceError<"LEASE_EXPIRED"> {
  const leaseIds = operations.flatMap((operation) => (operation.type === "put" ? (operation.leaseId ?? []) : []));
  return new SluiceError("LEASE_EXPIRED", { lease: [...new Set(leaseIds)].join(", ") }, { cause });
}

function indeterminate(cause: SluiceError): SluiceError<"INDETERMINATE"> {
  const operation = "a transaction of the cluster store";
  return new SluiceError("INDETERMINATE", { operation, reason: cause.message }, { cause });
}
