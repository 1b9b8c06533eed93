/**
 * The packages behind snappy, lz4 and, before Node 22.15, zstd: optional peers, loaded when they are first needed.
 *
 * Two of them load at once. That of zstd cannot: a program that is to read or write zstd awaits `prepare` when it starts.
 * A package that is not there, or does not load on this machine, is MISSING_CODEC_PACKAGE at each use.
 */

import { createRequire } from "node:module";
import { SluiceError } from "@sluice/model";

/** Raw snappy blocks. */
export interface SnappyPackage {
  compressSync(bytes: Uint8Array): Buffer;
  uncompressSync(bytes: Uint8Array): string | Buffer;
}

/** LZ4 frames. */
export interface Lz4Package {
  compressFrameSync(bytes: Buffer): Buffer;
  decompressFrameSync(bytes: Buffer): Buffer;
}

/** One zstd stream at a time: `reset` begins it. */
export interface ZstdPackage {
  reset(): void;
  compressChunk(bytes: Uint8Array): Uint8Array;
  compressEnd(): Uint8Array;
  /** What fits `outputBytes` of the output; nothing at all where the bytes are damaged. */
  decompressChunk(bytes: Uint8Array, outputBytes: number): Uint8Array;
}

/** How each package is loaded; what they throw says that it is missing. */
export interface CodecPackageLoaders {
  snappy(): SnappyPackage;
  lz4(): Lz4Package;
  zstd(): Promise<ZstdPackage>;
}

/** What a user installs for each codec. */
export const codecPackageNames = { snappy: "snappy", lz4: "lz4-napi", zstd: "@hpcc-js/wasm-zstd" } as const;

const require = createRequire(import.meta.url);

const installedPackages: CodecPackageLoaders = {
  snappy: () => require("snappy") as typeof import("snappy"),
  lz4: () => require("lz4-napi") as typeof import("lz4-napi"),
  zstd: async () => (await import("@hpcc-js/wasm-zstd")).Zstd.load(),
};

export class OptionalCodecPackages {
  readonly #loaders: CodecPackageLoaders;
  #snappy: SnappyPackage | undefined;
  #lz4: Lz4Package | undefined;
  #zstd: ZstdPackage | undefined;
  #zstdError: unknown = new Error("prepareCompression() was not awaited");
  #preparing: Promise<void> | undefined;

  /** @param loaders default: the packages that are installed beside the program. */
  constructor(loaders: CodecPackageLoaders = installedPackages) {
    this.#loaders = loaders;
  }

  /** @throws SluiceError MISSING_CODEC_PACKAGE */
  snappy(): SnappyPackage {
    this.#snappy ??= loaded("snappy", this.#loaders.snappy);
    return this.#snappy;
  }

  /** @throws SluiceError MISSING_CODEC_PACKAGE */
  lz4(): Lz4Package {
    this.#lz4 ??= loaded("lz4", this.#loaders.lz4);
    return this.#lz4;
  }

  /** @throws SluiceError MISSING_CODEC_PACKAGE, also until `prepare` has resolved. */
  zstd(): ZstdPackage {
    if (this.#zstd === undefined) throw missing("zstd", this.#zstdError);
    return this.#zstd;
  }

  /** Loads what cannot be loaded at first use. Never rejects: what is missing is said where it is used. */
  prepare(): Promise<void> {
    this.#preparing ??= this.#prepareZstd();
    return this.#preparing;
  }

  async #prepareZstd(): Promise<void> {
    try {
      this.#zstd = await this.#loaders.zstd();
    } catch (error) {
      this.#zstdError = error;
    }
  }
}

function loaded<Package>(codec: keyof typeof codecPackageNames, load: () => Package): Package {
  try {
    return load();
  } catch (error) {
    throw missing(codec, error);
  }
}

function missing(codec: keyof typeof codecPackageNames, cause: unknown): SluiceError {
  return new SluiceError("MISSING_CODEC_PACKAGE", { codec, package: codecPackageNames[codec] }, { cause });
}
