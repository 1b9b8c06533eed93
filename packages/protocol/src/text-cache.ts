/**
 * Makes texts of UTF-8 bytes, and bytes of texts, for a field that mostly holds the same text again and again, as the topic does:
 * the last one is kept, and what equals it is not converted again.
 */

import { isUtf8 } from "node:buffer";
import { SluiceError } from "@sluice/model";

export class TextCache {
  #bytes: Buffer = Buffer.alloc(0);
  #text = "";

  /** @throws SluiceError INVALID_REQUEST where the bytes are not UTF-8. */
  decode(bytes: Buffer): string {
    if (bytes.equals(this.#bytes)) return this.#text;
    if (!isUtf8(bytes)) throw new SluiceError("INVALID_REQUEST", { reason: "a text is not UTF-8" });
    this.#text = bytes.toString("utf8");
    // A copy: the bytes are a view of a whole message, whose memory must be let go.
    this.#bytes = Buffer.from(bytes);
    return this.#text;
  }

  /** The bytes are not to be changed. */
  encode(text: string): Buffer {
    if (text !== this.#text) {
      this.#text = text;
      this.#bytes = Buffer.from(text, "utf8");
    }
    return this.#bytes;
  }
}
