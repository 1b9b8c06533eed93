/** Which groups use which topics, so that a change of one topic concerns only those, however many groups and topics there are. */

import type { GroupRuntime } from "./group-runtime.js";

/** What is kept of a group here. */
export type TopicUser = Pick<GroupRuntime, "group" | "topicsChanged" | "maybeDisuseTopic">;

export class TopicUsers {
  readonly #users = new Map<string, Set<TopicUser>>();
  readonly #topics = new Map<TopicUser, Set<string>>();

  add(topic: string, user: TopicUser): void {
    addTo(this.#users, topic, user);
    addTo(this.#topics, user, topic);
  }

  /** The group is gone. */
  remove(user: TopicUser): void {
    for (const topic of this.#topics.get(user) ?? []) this.#unlink(topic, user);
  }

  clear(): void {
    this.#users.clear();
    this.#topics.clear();
  }

  /**
   * Tells every group that uses any of these topics, once, and lets go of those that have no use for a deleted one any more.
   * @param exists whether there is such a topic now
   */
  topicsChanged(changed: Iterable<string>, exists: (topic: string) => boolean): void {
    const topics = [...changed];
    const told = new Set(topics.flatMap((topic) => [...(this.#users.get(topic) ?? [])]));
    for (const user of told) user.topicsChanged();
    for (const topic of topics) {
      if (exists(topic)) continue;
      for (const user of [...(this.#users.get(topic) ?? [])])
        if (user.maybeDisuseTopic(topic)) this.#unlink(topic, user);
    }
  }

  #unlink(topic: string, user: TopicUser): void {
    removeFrom(this.#users, topic, user);
    removeFrom(this.#topics, user, topic);
  }
}

function addTo<Key, Value>(sets: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set([value]));
  else known.add(value);
}

function removeFrom<Key, Value>(sets: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const known = sets.get(key);
  known?.delete(value);
  if (known?.size === 0) sets.delete(key);
}
