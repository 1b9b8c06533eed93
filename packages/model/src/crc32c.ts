/**
 * CRC-32C (Castagnoli), the checksum of record batches and of the cluster store's files: RFC 3720 appendix B.4 has its test
 * vectors. Pure; package record uses the processor's own instruction where that can be loaded.
 */

/** Checksum of the bytes, as a uint32. Eight bytes a step ("slicing by 8"). */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = slicingTables();
  const wholeBytes = bytes.length & ~7;
  let crc = 0xffffffff;
  let at = 0;
  for (; at < wholeBytes; at += 8) {
    const low =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    crc =
      (t7[low & 0xff] as number) ^
      (t6[(low >>> 8) & 0xff] as number) ^
      (t5[(low >>> 16) & 0xff] as number) ^
      (t4[low >>> 24] as number) ^
      (t3[bytes[at + 4] as number] as number) ^
      (t2[bytes[at + 5] as number] as number) ^
      (t1[bytes[at + 6] as number] as number) ^
      (t0[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at++) crc = (t0[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

type SlicingTables = readonly [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

let tables: SlicingTables | undefined;

/** Table k holds the CRC of each byte followed by k zero bytes. */
function slicingTables(): SlicingTables {
  if (tables !== undefined) return tables;
  const polynomial = 0x82f63b78;
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
  const next = (table: Uint32Array): Uint32Array => table.map((crc) => (first[crc & 0xff] as number) ^ (crc >>> 8));
  const t1 = next(first);
  const t2 = next(t1);
  const t3 = next(t2);
  const t4 = next(t3);
  const t5 = next(t4);
  const t6 = next(t5);
  tables = [first, t1, t2, t3, t4, t5, t6, next(t6)];
  return tables;
}
