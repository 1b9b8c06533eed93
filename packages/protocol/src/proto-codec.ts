/**
 * Codec of a control-plane message: proto-loader does the work, behind two checks that it lacks.
 *
 * Decoding never rounds: a 64-bit integer beyond 2^53 - 1 is refused, as is an enum number that this version does not know.
 * Encoding never wraps or truncates: a number that its field cannot hold is refused. Bytes that are no message are
 * INVALID_REQUEST, whatever is wrong with them. proto/ is loaded when the first message needs it.
 */

import { type Codec, isSluiceError, SluiceError } from "@sluice/model";
import { checkIntegers } from "./integer-check.js";
import { messageType } from "./load-proto.js";

/** The codec of the message with that full name, for example `sluice.v1.Error`. */
export function protoCodec<Message extends object>(fullName: string): Codec<Message> {
  return {
    /** @throws SluiceError INVALID_REQUEST where a value does not fit its field. */
    encode(message) {
      return guarded(fullName, () => {
        checkIntegers(fullName, message);
        return messageType(fullName).serialize(message);
      });
    },
    /** @throws SluiceError INVALID_REQUEST */
    decode(bytes) {
      return guarded(fullName, () => {
        const message = messageType(fullName).deserialize(bytes);
        checkIntegers(fullName, message);
        return message as Message;
      });
    },
  };
}

function guarded<Result>(fullName: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (isSluiceError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SluiceError("INVALID_REQUEST", { reason: `not a ${fullName}: ${reason}` }, { cause: error });
  }
}
