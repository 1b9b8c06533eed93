/**
 * `sluice api`: calls a method of the public services and prints what it answers, as JSON. What no other command does, this does; it knows
 * of no retries and no coordinators.
 */

import type { BrokerAddress, UnaryMethod } from "@sluice/model";
import type { Command } from "commander";
import { addressesOf, openBrokerCalls } from "../broker-calls.js";
import { type CommandContext, InputError, UsageError } from "../command-context.js";
import { type ClusterOptions, integerBetween, withClusterOptions } from "../command-options.js";
import { clusterAddress } from "../contexts/cluster-address.js";
import { nearestNames } from "../nearest-names.js";
import { bytesToJson } from "../record-format.js";
import { untilAborted } from "../until-aborted.js";
import { withClient } from "../with-client.js";
import { formatYaml } from "../yaml.js";

interface ApiOptions extends ClusterOptions {
  readonly broker?: number;
}

const defaultTimeoutMs = 30_000;

export function configure(command: Command, context: CommandContext): void {
  withClusterOptions(command)
    .argument("[method]", "as Cluster.Describe; without it, all methods are listed")
    .argument("[json]", "the request; - reads it from standard input", "{}")
    .option("--broker <id>", "ask this broker (default: the first that is named)", integerBetween(0, 0x7fff_ffff))
    .addHelpText(
      "after",
      `
  sluice api Cluster.DescribeTopic '{"name":"orders"}'
  sluice api Groups.Describe '{"group":"billing"}' --broker 2`,
    )
    .action((method: string | undefined, json: string, options: ApiOptions) => call(method, json, options, context));
}

async function call(
  name: string | undefined,
  json: string,
  options: ApiOptions,
  context: CommandContext,
): Promise<void> {
  const methods = await unaryMethods();
  if (name === undefined) {
    await context.stdout.write([...methods.keys()].map((each) => `${each}\n`).join(""));
    return;
  }
  const method = findMethod(methods, name);
  const request = requestOf(json === "-" ? await inputText(context) : json, method);
  await using calls = await openBrokerCalls({ timeoutMs: options.timeout ?? defaultTimeoutMs, signal: context.signal });
  const response = plain(await calls.call(await addressOf(options, context), method, request));
  // For people JSON too, but indented: a table of any answer would hide what it is.
  const text = options.output === "json" ? `${JSON.stringify(response)}\n` : `${JSON.stringify(response, null, 2)}\n`;
  await context.stdout.write(options.output === "yaml" ? formatYaml(response) : text);
}

type Method = UnaryMethod<object, object> & { readonly fields: readonly string[] };

/** Every unary method of proto/, by a short name such as `Cluster.Describe`. */
async function unaryMethods(): Promise<ReadonlyMap<string, Method>> {
  const { loadProto } = await import("@sluice/protocol");
  const methods = new Map<string, Method>();
  for (const [fullName, definition] of Object.entries(loadProto())) {
    if (!fullName.startsWith("sluice.v1.") || "format" in definition) continue;
    for (const [name, each] of Object.entries(definition)) {
      if (each.requestStream || each.responseStream) continue;
      const type = each.requestType.type as { readonly field?: readonly { readonly name: string }[] };
      methods.set(`${fullName.slice("sluice.v1.".length)}.${name}`, {
        kind: "unary",
        path: each.path,
        request: { encode: each.requestSerialize, decode: each.requestDeserialize },
        response: { encode: each.responseSerialize, decode: each.responseDeserialize },
        fields: (type.field ?? []).map((field) => camelCase(field.name)),
      });
    }
  }
  return methods;
}

function findMethod(methods: ReadonlyMap<string, Method>, name: string): Method {
  const short = name
    .replace(/^\//, "")
    .replace(/^sluice\.v1\./, "")
    .replace("/", ".");
  const method = methods.get(short);
  if (method !== undefined) return method;
  const near = nearestNames(short, [...methods.keys()])[0];
  throw new UsageError(
    `There is no method ${name} that takes one request and gives one answer.`,
    near === undefined
      ? "'sluice api' lists all there are."
      : `Did you mean ${near}? 'sluice api' lists all there are.`,
  );
}

function requestOf(text: string, { fields }: Method): object {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (error) {
    throw new InputError(
      `The request is not JSON: ${(error as Error).message}.`,
      'Quote it for the shell: \'{"name":"orders"}\'.',
    );
  }
  if (typeof request !== "object" || request === null || Array.isArray(request))
    throw new InputError("The request is not a JSON object.", 'Give one, as \'{"name":"orders"}\'.');
  const unknown = Object.keys(request).find((key) => !fields.includes(key));
  if (unknown !== undefined)
    throw new UsageError(
      `The request has no field '${unknown}'.`,
      fields.length === 0 ? "It takes none: {}." : `It takes ${fields.join(", ")}.`,
    );
  return request;
}

async function inputText(context: CommandContext): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of untilAborted(context.stdin, context.signal)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function addressOf(options: ApiOptions, context: CommandContext): Promise<BrokerAddress> {
  const { broker } = options;
  if (broker !== undefined) {
    const { brokers } = await withClient(options, context, (client) => client.admin().describeCluster());
    const found = brokers.find(({ nodeId }) => nodeId === broker);
    if (found === undefined)
      throw new UsageError(`There is no broker ${broker}.`, "'sluice cluster brokers' lists them.");
    return found;
  }
  const [first] = addressesOf((await clusterAddress(options, context)).brokers);
  if (first === undefined) throw new UsageError("No broker is named.", "Name one, as --brokers localhost:9092.");
  return first;
}

/** Bytes as text or base64, as everywhere in what the command line prints. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return bytesToJson(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
