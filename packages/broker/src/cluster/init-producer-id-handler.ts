/** Log.InitProducerId: a producer id that was never given out before. Any broker answers. */

import { type ServedMethod, serveUnary } from "@sluice/model";
import { logService } from "@sluice/protocol";
import type { ProducerIdAllocator } from "./producer-id-allocator.js";

/** Serves Log.InitProducerId. */
export function serveInitProducerId(dependencies: { readonly producerIds: ProducerIdAllocator }): ServedMethod {
  return serveUnary(logService.initProducerId, async (_request, { signal }) => {
    return { producerId: await dependencies.producerIds.next(signal), producerEpoch: 0 };
  });
}
