/**
 * Refuses messages that hold an integer which its field, or a JavaScript number, cannot hold.
 *
 * proto-loader turns 64-bit integers into numbers by rounding. Every integer beyond 2^53 - 1 rounds to one that is not safe
 * either, so looking at the result finds them all. Which fields to look at is worked out once per message type.
 */

import { invariant, SluiceError } from "@sluice/model";
import { messageType } from "./load-proto.js";

type FieldKind = "int32" | "int64" | "uint64" | "enum" | "message";

interface CheckedField {
  readonly name: string;
  readonly kind: FieldKind;
  /** Full name of the message type, for a field that is one. */
  readonly typeName: string;
}

/** The part of a DescriptorProto that is read here. */
interface MessageDescriptor {
  readonly field: readonly { readonly name: string; readonly type: string; readonly typeName: string }[];
}

const kindOfType: Readonly<Record<string, FieldKind>> = {
  TYPE_INT32: "int32",
  TYPE_INT64: "int64",
  TYPE_UINT64: "uint64",
  TYPE_ENUM: "enum",
  TYPE_MESSAGE: "message",
};
/** Nothing to check in these. Any other type must be added to one of the two lists before it is used in proto/. */
const uncheckedTypes = new Set(["TYPE_STRING", "TYPE_BYTES", "TYPE_BOOL"]);

const plans = new Map<string, readonly CheckedField[]>();

/** @throws SluiceError INVALID_REQUEST naming the field, where `message` or a message in it holds such an integer. */
export function checkIntegers(fullName: string, message: object): void {
  for (const field of planOf(fullName)) {
    const value = (message as Record<string, unknown>)[field.name];
    if (value === undefined || value === null) continue;
    if (Array.isArray(value)) {
      for (const element of value) checkValue(field, element);
    } else {
      checkValue(field, value);
    }
  }
}

function checkValue(field: CheckedField, value: unknown): void {
  if (field.kind === "message") {
    checkIntegers(field.typeName, value as object);
    return;
  }
  if (field.kind === "enum") {
    if (typeof value === "string") return;
    throw new SluiceError("INVALID_REQUEST", { reason: `${field.name} ${String(value)} is not known here` });
  }
  if (typeof value === "number" && fits(field.kind, value)) return;
  throw new SluiceError("INVALID_REQUEST", {
    reason: `${field.name} is ${String(value)}, which is not a whole number that fits`,
  });
}

function fits(kind: "int32" | "int64" | "uint64", value: number): boolean {
  if (kind === "int32") return (value | 0) === value;
  return Number.isSafeInteger(value) && (kind === "int64" || value >= 0);
}

function planOf(fullName: string): readonly CheckedField[] {
  const known = plans.get(fullName);
  if (known !== undefined) return known;
  const scope = fullName.slice(0, fullName.lastIndexOf("."));
  const descriptor = messageType(fullName).type as MessageDescriptor;
  const plan: CheckedField[] = [];
  for (const { name, type, typeName } of descriptor.field) {
    const kind = kindOfType[type];
    invariant(
      kind !== undefined || uncheckedTypes.has(type),
      `${fullName}.${name} has a type that is not checked: ${type}`,
    );
    if (kind !== undefined) plan.push({ name, kind, typeName: `${scope}.${typeName}` });
  }
  plans.set(fullName, plan);
  return plan;
}
