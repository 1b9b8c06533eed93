import { describe, expect, it } from "vitest";
import {
  type Lz4Package,
  OptionalCodecPackages,
  type SnappyPackage,
  type ZstdPackage,
} from "./optional-codec-packages.js";

const notFound = (): never => {
  throw new Error("Cannot find package");
};
const nothingInstalled = {
  snappy: notFound,
  lz4: notFound,
  zstd: () => Promise.reject(new Error("Cannot find package")),
};

describe("OptionalCodecPackages", () => {
  it("names the codec and the package that is to be installed", async () => {
    const packages = new OptionalCodecPackages(nothingInstalled);
    await packages.prepare();
    const missing = (codec: string, name: string): unknown =>
      expect.objectContaining({
        code: "MISSING_CODEC_PACKAGE",
        details: { codec, package: name },
        message: expect.stringContaining(name) as unknown,
        cause: expect.objectContaining({ message: "Cannot find package" }) as unknown,
      });
    expect(() => packages.snappy()).toThrow(missing("snappy", "snappy"));
    expect(() => packages.lz4()).toThrow(missing("lz4", "lz4-napi"));
    expect(() => packages.zstd()).toThrow(missing("zstd", "@hpcc-js/wasm-zstd"));
  });

  it("loads nothing before it is needed, and each package once", async () => {
    const loads: string[] = [];
    const load = <Package>(name: string): Package => {
      loads.push(name);
      return {} as Package;
    };
    const packages = new OptionalCodecPackages({
      snappy: () => load<SnappyPackage>("snappy"),
      lz4: () => load<Lz4Package>("lz4"),
      zstd: () => Promise.resolve(load<ZstdPackage>("zstd")),
    });
    expect(loads).toEqual([]);
    for (let i = 0; i < 2; i++) {
      packages.snappy();
      packages.lz4();
      await packages.prepare();
      packages.zstd();
    }
    expect(loads).toEqual(["snappy", "lz4", "zstd"]);
  });

  it("says of zstd that it was not prepared", () => {
    expect(() => new OptionalCodecPackages(nothingInstalled).zstd()).toThrow(
      expect.objectContaining({
        cause: expect.objectContaining({ message: expect.stringMatching(/prepareCompression/) as unknown }) as unknown,
      }),
    );
  });

  it("tries a package again that was missing, so that installing it is enough where nothing was cached", () => {
    let isInstalled = false;
    const packages = new OptionalCodecPackages({
      ...nothingInstalled,
      lz4: () => (isInstalled ? ({} as Lz4Package) : notFound()),
    });
    expect(() => packages.lz4()).toThrow(/lz4-napi/);
    isInstalled = true;
    expect(packages.lz4()).toEqual({});
  });
});
