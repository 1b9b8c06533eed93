import { GRPCOutOfRangeError, type IKeyValue, type IRangeRequest, type IRangeResponse } from "etcd3";
import { beforeEach, describe, expect, it } from "vitest";
import type { Listing } from "../cluster-store.js";
import { EtcdCodec } from "./etcd-codec.js";
import { type EtcdListingDependencies, listRange } from "./etcd-listing.js";
import type { EtcdMember } from "./etcd-member.js";

const codec = new EtcdCodec("");

describe("listRange", () => {
  let etcd: PagedEtcd;

  beforeEach(() => {
    etcd = new PagedEtcd();
  });

  it("lists more keys than an answer holds, each once and by key", async () => {
    etcd.put(...names(2500));
    const { revision, entries } = await list(etcd);
    expect(entries.map(({ key }) => key)).toEqual(names(2500));
    expect(revision).toBe(etcd.revision);
    expect(etcd.requests.length).toBe(3);
  });

  it("asks once where one answer holds all, however many that are", async () => {
    etcd.put(...names(1000));
    expect((await list(etcd)).entries.length).toBe(1000);
    expect(etcd.requests.length).toBe(1);
    expect((await list(new PagedEtcd())).entries).toEqual([]);
  });

  it("shows nothing of what is changed between two pages", async () => {
    etcd.put(...names(2500));
    const before = etcd.revision;
    etcd.betweenPages.push(() => {
      etcd.delete("key-002000");
      etcd.put("key-000001", "key-999999");
    });
    const { revision, entries } = await list(etcd);
    expect(revision).toBe(before);
    expect(entries.map(({ key }) => key)).toEqual(names(2500));
    expect(entries.every(({ modRevision }) => modRevision <= before)).toBe(true);
  });

  it("begins anew where the revision of its first page is compacted meanwhile", async () => {
    etcd.put(...names(2500));
    etcd.betweenPages.push(() => {
      etcd.delete("key-000001");
      etcd.compact();
    });
    const { revision, entries } = await list(etcd);
    expect(revision).toBe(etcd.revision);
    expect(entries.map(({ key }) => key)).toEqual(names(2500).filter((name) => name !== "key-000001"));
  });

  it("fails with what asking fails with", async () => {
    const error = new Error("no member answers");
    const members = { ask: () => Promise.reject(error) };
    await expect(listRange(codec.range("key-"), { members, entry: (stored) => codec.entry(stored) })).rejects.toBe(
      error,
    );
  });
});

function list(etcd: PagedEtcd): Promise<Listing> {
  const members: EtcdListingDependencies["members"] = {
    ask: (call) => call({ kv: { range: (request: IRangeRequest) => etcd.range(request) } } as unknown as EtcdMember),
  };
  return listRange(codec.range("key-"), { members, entry: (stored) => codec.entry(stored) });
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `key-${String(index).padStart(6, "0")}`);
}

/** Ranges of etcd over every revision that was not compacted. */
class PagedEtcd {
  readonly requests: IRangeRequest[] = [];
  /** Each is carried out before one more page after a first one. */
  readonly betweenPages: (() => void)[] = [];
  revision = 1;
  #oldest = 1;
  readonly #revisions = new Map<number, ReadonlyMap<string, IKeyValue>>([[1, new Map()]]);

  put(...keys: readonly string[]): void {
    this.#change((entries, revision) => {
      for (const key of keys) entries.set(key, storedAt(key, revision));
    });
  }

  delete(key: string): void {
    this.#change((entries) => entries.delete(key));
  }

  compact(): void {
    this.#oldest = this.revision;
  }

  async range(request: IRangeRequest): Promise<IRangeResponse> {
    this.requests.push(request);
    if (request.revision !== undefined) this.betweenPages.shift()?.();
    const at = Number(request.revision ?? this.revision);
    if (at < this.#oldest) throw new GRPCOutOfRangeError("mvcc: required revision has been compacted");
    const [from, end] = [request.key as Buffer, request.range_end as Buffer];
    const all = [...(this.#revisions.get(at)?.values() ?? [])]
      .filter(({ key }) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, end) < 0)
      .sort((left, right) => Buffer.compare(left.key, right.key));
    const kvs = all.slice(0, Number(request.limit));
    const header = { cluster_id: "1", member_id: "1", raft_term: "1", revision: String(this.revision) };
    return { header, kvs, more: kvs.length < all.length, count: String(all.length) };
  }

  #change(change: (entries: Map<string, IKeyValue>, revision: number) => void): void {
    const entries = new Map(this.#revisions.get(this.revision));
    this.revision += 1;
    change(entries, this.revision);
    this.#revisions.set(this.revision, entries);
  }
}

function storedAt(name: string, revision: number): IKeyValue {
  const key = Buffer.from(name);
  const revisions = { create_revision: String(revision), mod_revision: String(revision), version: "1" };
  return { key, value: Buffer.from("value"), lease: "0", ...revisions };
}
