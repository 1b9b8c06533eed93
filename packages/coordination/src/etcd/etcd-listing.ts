/**
 * All keys of a range of etcd, in pages that show one revision.
 *
 * One answer with tens of thousands of keys would be decoded in one turn of the event loop, and whoever waits for this process would
 * take it for silent. Between two pages the loop is free. Pages after the first name the revision of the first: what is changed
 * meanwhile is in none of them. Where etcd does not have that revision any more, because it was compacted or went back to a
 * backup, the listing begins anew.
 */

import { GRPCOutOfRangeError, type IKeyValue, type IRangeRequest, type IRangeResponse } from "etcd3";
import type { KeyValue, Listing } from "../cluster-store.js";
import type { KeyRange } from "./etcd-codec.js";
import type { EtcdMember } from "./etcd-member.js";
import type { EtcdMembers } from "./etcd-members.js";

/** Keys in one answer: a few milliseconds of decoding. */
const pageKeysMax = 1000;

export interface EtcdListingDependencies {
  readonly members: Pick<EtcdMembers, "ask">;
  /** Undefined: the key is not for the listing. */
  entry(stored: IKeyValue): KeyValue | undefined;
}

/** @throws SluiceError as `EtcdMembers.ask` */
export async function listRange(range: KeyRange, dependencies: EtcdListingDependencies): Promise<Listing> {
  for (;;) {
    const listing = await tryListing(range, dependencies);
    if (listing !== undefined) return listing;
  }
}

/** Undefined: the revision of the first page is gone. */
async function tryListing(range: KeyRange, { members, entry }: EtcdListingDependencies): Promise<Listing | undefined> {
  const entries: KeyValue[] = [];
  let revision: string | undefined;
  for (let from = range.key; ; ) {
    const request = { ...range, key: from, limit: pageKeysMax, ...(revision === undefined ? {} : { revision }) };
    const page = await members.ask((member) => pageOf(member, request));
    if (page === undefined) return undefined;
    revision ??= page.header.revision;
    for (const stored of page.kvs) {
      const shown = entry(stored);
      if (shown !== undefined) entries.push(shown);
    }
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return { revision: Number(revision), entries };
    from = keyAfter(last.key);
  }
}

/** Undefined: etcd does not have that revision. No other member has it either. */
async function pageOf(member: EtcdMember, request: IRangeRequest): Promise<IRangeResponse | undefined> {
  try {
    return await member.kv.range(request);
  } catch (error) {
    if (error instanceof GRPCOutOfRangeError) return undefined;
    throw error;
  }
}

function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.from([0])]);
}
