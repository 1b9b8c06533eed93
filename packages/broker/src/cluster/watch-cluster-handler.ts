/**
 * Cluster.WatchCluster: what Describe answers, and then what changes, from image to image of this broker.
 *
 * A client that does not read misses nothing: when it reads again it is told in one message what has changed since the last one, so
 * a stream never holds more than one message beyond its bound. Changes of one turn are one image, and one message. Topics that do not
 * exist are not made. When the broker stops, the stream ends: the client watches another one.
 */

import type { ClusterImage } from "@sluice/cluster";
import type { ImageWatcher } from "@sluice/coordination";
import { type MessageStream, type ServedMethod, SluiceError, type StreamListener, serveStream } from "@sluice/model";
import { clusterService, type DescribeClusterRequest, type DescribeClusterResponse } from "@sluice/protocol";
import type { DrainableStream, OpenStreams } from "../handlers/open-streams.js";
import type { DialledListener } from "./dialled-listener.js";
import { describeChanges, describeCluster } from "./metadata.js";

export interface WatchClusterDependencies {
  readonly images: ImageWatcher;
  readonly streams: OpenStreams;
  /** Name of the listener at which this is served. Undefined or empty: the only one. */
  readonly listener?: string | undefined;
}

/** Serves Cluster.WatchCluster. */
export function serveWatchCluster(dependencies: WatchClusterDependencies): ServedMethod {
  const { listener } = dependencies;
  return serveStream(clusterService.watchCluster, (stream, { signal, authority }) => {
    const watch = new ClusterWatch(stream, { ...dependencies, dialled: { listener, authority } });
    // The client says at once that it sends no more; that it goes away later, only the signal tells.
    signal.addEventListener("abort", () => watch.onError(), { once: true });
    return watch;
  });
}

class ClusterWatch implements StreamListener<DescribeClusterRequest>, DrainableStream {
  readonly #stream: MessageStream<DescribeClusterResponse>;
  readonly #images: ImageWatcher;
  readonly #streams: OpenStreams;
  readonly #dialled: DialledListener;
  #request: DescribeClusterRequest | undefined;
  /** What the client knows. */
  #told: ClusterImage | undefined;
  #isBlocked = false;
  #isOver = false;
  #unsubscribe: (() => void) | undefined;

  constructor(
    stream: MessageStream<DescribeClusterResponse>,
    dependencies: WatchClusterDependencies & { readonly dialled: DialledListener },
  ) {
    this.#stream = stream;
    this.#images = dependencies.images;
    this.#streams = dependencies.streams;
    this.#dialled = dependencies.dialled;
    this.#streams.add(this);
  }

  onMessage(request: DescribeClusterRequest): void {
    if (this.#request !== undefined || this.#isOver) return;
    this.#request = request;
    this.#unsubscribe = this.#images.subscribe(() => this.#tell());
    this.#tell();
  }

  onEnd(): void {
    // The client has sent its request and says no more; the answers go on.
    if (this.#request !== undefined || this.#isOver) return;
    // It never asked for anything: nothing else would ever end the stream.
    this.#finish();
    this.#stream.abort(new SluiceError("INVALID_REQUEST", { reason: "the stream ended without a request" }));
  }

  onError(): void {
    this.#finish();
  }

  onDrain(): void {
    this.#isBlocked = false;
    this.#tell();
  }

  drain(): void {
    this.#finish();
    this.#stream.end();
  }

  #tell(): void {
    const { image } = this.#images;
    const [part, told, dialled] = [this.#request, this.#told, this.#dialled];
    if (part === undefined || this.#isBlocked || told === image) return;
    this.#told = image;
    const message =
      told === undefined ? describeCluster(image, part, { dialled }) : describeChanges(told, image, { part, dialled });
    if (message !== undefined) this.#isBlocked = !this.#stream.send(message);
  }

  #finish(): void {
    this.#isOver = true;
    this.#unsubscribe?.();
    this.#streams.remove(this);
  }
}
