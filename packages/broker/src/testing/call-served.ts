/** A unary call of a served method for tests of handlers, as a client would make it: through the bytes of both messages. */

import type { CallContext, ServedMethod, UnaryHandler, UnaryMethod } from "@sluice/model";

/** @throws what the handler throws */
export async function callServed<Request, Response>(
  served: readonly ServedMethod[],
  call: { readonly method: UnaryMethod<Request, Response>; readonly request: Request },
  caller: Partial<CallContext> = {},
): Promise<Response> {
  const { method, request } = call;
  const found = served.find((one) => one.method.path === method.path);
  if (found === undefined) throw new Error(`${method.path} is not served`);
  const handler = found.handler as unknown as UnaryHandler<Request, Response>;
  const context = { signal: new AbortController().signal, authority: "", peer: "test", clientId: "", ...caller };
  const answer = await handler(method.request.decode(method.request.encode(request)), context);
  return method.response.decode(method.response.encode(answer));
}
