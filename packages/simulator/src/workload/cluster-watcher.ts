/**
 * A client that knows the cluster by what one broker tells those who watch it: all that there is, and from then on only what changes.
 * Where its stream ends it begins anew.
 */

import type { BrokerAddress, MessageStream } from "@sluice/model";
import { clusterService, type DescribeClusterRequest, type DescribeClusterResponse } from "@sluice/protocol";
import type { ClusterSession } from "./cluster-session.js";

export interface ClusterWatcherDependencies {
  readonly session: ClusterSession;
}

export class ClusterWatcher {
  readonly #address: BrokerAddress;
  readonly #dependencies: ClusterWatcherDependencies;
  #view: DescribeClusterResponse | undefined;

  constructor(address: BrokerAddress, dependencies: ClusterWatcherDependencies) {
    this.#address = address;
    this.#dependencies = dependencies;
  }

  /** The cluster as the present stream has told it; undefined where it has told nothing yet. */
  get view(): DescribeClusterResponse | undefined {
    return this.#view;
  }

  /** Watches for the rest of the run. */
  run(): void {
    const { session } = this.#dependencies;
    const again = (): void => {
      this.#view = undefined;
      void session.backoff().then(() => this.run());
    };
    const stream: MessageStream<DescribeClusterRequest> = session
      .connection(this.#address)
      .open(clusterService.watchCluster, {
        onMessage: (message) => {
          this.#view = learned(this.#view, message);
        },
        onEnd: again,
        onError: again,
      });
    stream.send({ topics: [], brokersOnly: false, createMissing: false });
    stream.end();
  }
}

/** What is known after a message. What it does not speak of is as it was. */
function learned(view: DescribeClusterResponse | undefined, message: DescribeClusterResponse): DescribeClusterResponse {
  if (view === undefined || !message.isDelta) return message;
  const topics = new Map(view.topics.map((topic) => [topic.name, topic]));
  for (const topic of message.topics) topics.set(topic.name, topic);
  for (const name of message.deletedTopics) topics.delete(name);
  const brokers = message.brokers.length === 0 ? view.brokers : message.brokers;
  return { ...message, brokers, topics: [...topics.values()] };
}
