/**
 * The definitions of `proto/`, loaded once, when first needed.
 *
 * `proto/` is beside `dist` in the published package, and at the top of the repository in a checkout. Field names become
 * camelCase, 64-bit integers numbers, enums strings, bytes Buffers, and absent fields their default; src/generated holds the
 * types that go with it.
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadSync, type MessageTypeDefinition, type Options, type PackageDefinition } from "@grpc/proto-loader";

/** The files that are served, and reflected. Those that they import come with them. */
export const protoFiles: readonly string[] = [
  "sluice/v1/log.proto",
  "sluice/v1/records.proto",
  "sluice/v1/cluster.proto",
  "sluice/v1/groups.proto",
  "sluice/v1/replication.proto",
  "grpc/health/v1/health.proto",
];

/** The directory that holds the .proto files. */
export function protoDirectory(): string {
  const published = new URL("../proto/", import.meta.url);
  return fileURLToPath(existsSync(published) ? published : new URL("../../../proto/", import.meta.url));
}

let loaded: PackageDefinition | undefined;

/** Every message and service, by full name. */
export function loadProto(): PackageDefinition {
  loaded ??= loadSync([...protoFiles], loadOptions({ keepCase: false }));
  return loaded;
}

/** The same with field names as they are written in the .proto files: what reflection shows. */
export function loadProtoForReflection(): PackageDefinition {
  return loadSync([...protoFiles], loadOptions({ keepCase: true }));
}

/** The message of that full name, for example `sluice.v1.Error`. */
export function messageType(fullName: string): MessageTypeDefinition<object, object> {
  const definition = loadProto()[fullName];
  if (definition === undefined || !("serialize" in definition)) throw new Error(`proto/ has no message ${fullName}`);
  return definition as MessageTypeDefinition<object, object>;
}

function loadOptions(options: { keepCase: boolean }): Options {
  return {
    ...options,
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
    includeDirs: [protoDirectory()],
  };
}
