/**
 * Puts quotas around the methods of a broker, so that their handlers know nothing of them.
 *
 * Streams are read and answered more slowly (throttled-stream). Calls wait before they begin, in the order in which they came;
 * one that its caller gives up on while it waits counts nothing. Group sessions are not slowed down: a heartbeat that comes late
 * would cost the group a member. Health and reflection are no methods of the broker.
 */

import type { CallContext, ServedMethod, StreamHandler, UnaryHandler } from "@sluice/model";
import {
  type FetchResponse,
  groupsService,
  logService,
  type ProduceRequest,
  type PublishRequest,
  recordsService,
  type SubscribeResponse,
} from "@sluice/protocol";
import type { ClientQuota, ClientQuotas, QuotaKind } from "./client-quotas.js";
import { type ByteCount, ThrottledStream } from "./throttled-stream.js";

interface MethodCosts {
  readonly producedBytes: ByteCount<unknown>;
  readonly fetchedBytes: ByteCount<unknown>;
}

const callKinds: readonly QuotaKind[] = ["produce", "request"];
const noBytes = (): number => 0;

/** Methods that carry records; the others cost a request. */
const costsByPath: ReadonlyMap<string, MethodCosts> = new Map([
  [
    logService.produce.path,
    { producedBytes: (request) => (request as ProduceRequest).records.length, fetchedBytes: noBytes },
  ],
  [
    logService.fetch.path,
    { producedBytes: noBytes, fetchedBytes: (response) => (response as FetchResponse).records.length },
  ],
  [
    recordsService.publish.path,
    { producedBytes: (request) => bytesOf((request as PublishRequest).records), fetchedBytes: noBytes },
  ],
  [
    recordsService.subscribe.path,
    { producedBytes: noBytes, fetchedBytes: (response) => bytesOf((response as SubscribeResponse).records) },
  ],
]);
const freeCosts: MethodCosts = { producedBytes: noBytes, fetchedBytes: noBytes };

/** The same methods, for clients with quotas. Without a quota they are as they were. */
export function withQuotas(methods: readonly ServedMethod[], quotas: ClientQuotas): readonly ServedMethod[] {
  if (!quotas.isOn) return methods;
  return methods.map((served) => {
    const { method, handler } = served;
    if (method.path === groupsService.session.path) return served;
    const costs = costsByPath.get(method.path) ?? freeCosts;
    return method.kind === "unary"
      ? { method, handler: throttledCall(handler as UnaryHandler<unknown, unknown>, costs, quotas) }
      : { method, handler: throttledStream(handler as StreamHandler<unknown, unknown>, costs, quotas) };
  });
}

function throttledCall(
  handler: UnaryHandler<unknown, unknown>,
  costs: MethodCosts,
  quotas: ClientQuotas,
): UnaryHandler<unknown, unknown> {
  return async (request, context) => {
    const quota = quotas.of(context);
    if (quota !== undefined) await waitForTurn(quota, costs.producedBytes(request), context);
    return handler(request, context);
  };
}

async function waitForTurn(quota: ClientQuota, bytes: number, { signal }: CallContext): Promise<void> {
  // What the calls before this one have taken; those that come after wait for this one too.
  const waitMs = Math.ceil(quota.waitMs(callKinds));
  const turn = waitMs === 0 ? undefined : waiting(quota, waitMs, signal);
  quota.take("request", 1);
  quota.take("produce", bytes);
  try {
    await turn;
  } catch (error) {
    quota.giveBack("request", 1);
    quota.giveBack("produce", bytes);
    throw error;
  }
}

function waiting(quota: ClientQuota, waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    const timer = quota.setTimer(callKinds, waitMs, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

function throttledStream(
  handler: StreamHandler<unknown, unknown>,
  costs: MethodCosts,
  quotas: ClientQuotas,
): StreamHandler<unknown, unknown> {
  return (stream, context) => {
    const quota = quotas.of(context);
    if (quota === undefined) return handler(stream, context);
    const throttled = new ThrottledStream<unknown, unknown>(costs, { stream, quota });
    // A client that goes away after it said that it sends no more is heard of in no other way.
    context.signal.addEventListener("abort", () => throttled.dispose(), { once: true });
    throttled.setListener(handler(throttled, context));
    return throttled;
  };
}

function bytesOf(
  records: readonly { readonly key?: Uint8Array | undefined; readonly value?: Uint8Array | undefined }[],
): number {
  let bytes = 0;
  for (const { key, value } of records) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  return bytes;
}
