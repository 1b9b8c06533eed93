/** gzip, from Node's zlib: it grows its output as it goes, and stops at the bound. */

import { gunzipSync, gzipSync } from "node:zlib";
import { type Codec, decompressionError } from "./codec.js";

export const gzip: Codec = {
  compress: (bytes) => gzipSync(bytes),
  decompress(bytes, expandedBytesMax) {
    try {
      return gunzipSync(bytes, { maxOutputLength: expandedBytesMax });
    } catch (error) {
      throw decompressionError("gzip", expandedBytesMax, error);
    }
  },
};
