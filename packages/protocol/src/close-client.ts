/**
 * Closes a grpc-js client so that nothing goes on afterwards. The library, at 1.14, leaves two things running:
 *
 * - Closed in the turn in which it was first used, it gets the addresses it asked for after all, and connects for ever. So it is
 *   closed one turn later.
 * - Closed while it waits to connect again, it still does so, and keeps the connection. That wait is private to the library; it
 *   is stopped where it is found, and left alone where a later version has it elsewhere.
 *
 * The test of the transport that looks for timers left shows when this no longer does it.
 */

import type { Client } from "@grpc/grpc-js";

interface ClientInside {
  readonly internalChannel?: {
    readonly subchannelPool?: {
      readonly pool?: Readonly<Record<string, readonly { readonly subchannel?: Subchannel }[]>>;
    };
  };
}

interface Subchannel {
  readonly backoffTimeout?: { stop?: () => void };
}

export function closeClient(client: Client): void {
  setImmediate(() => {
    const { internalChannel } = client.getChannel() as unknown as ClientInside;
    const subchannels = Object.values(internalChannel?.subchannelPool?.pool ?? {}).flat();
    client.close();
    for (const { subchannel } of subchannels) subchannel?.backoffTimeout?.stop?.();
  });
}
