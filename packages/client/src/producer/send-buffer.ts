/**
 * Everything that a producer has taken and that is not answered yet, in order, within its bounds.
 *
 * - Room is bytes and messages. While there is none, sends wait in line; those that wait hold at most four times as much, and
 *   beyond that a send is refused with RESOURCE_EXHAUSTED, so a program that never waits for its sends has bounded memory too.
 *   One send is always taken whole, however large, where it is the first in line.
 * - All sends of one turn of the event loop are pumped together after it, so that they share batches.
 */

import { type Clock, SluiceError, type Timer, toSluiceError } from "@sluice/model";
import type { PartitionProducerDependencies } from "./partition-dependencies.js";
import type { Partitioner } from "./partitioner.js";
import type { PendingSend } from "./pending-send.js";
import type { ProducerSettings } from "./producer-options.js";
import { estimatedBytes, TopicProducer } from "./topic-producer.js";

const sweepIntervalMs = 250;
/** What waits in line may be so many times what is taken. */
const lineFactor = 4;

interface Waiting {
  readonly send: PendingSend;
  readonly bytes: number;
  /** On the monotonic clock: when it has waited too long. */
  readonly deadlineMs: number;
}

export class SendBuffer {
  readonly #settings: ProducerSettings;
  readonly #partitioner: Partitioner | undefined;
  readonly #dependencies: PartitionProducerDependencies;
  readonly #clock: Clock;
  readonly #topics = new Map<string, TopicProducer>();
  readonly #dirty = new Set<TopicProducer>();
  readonly #unsettled = new Set<PendingSend>();
  readonly #lifetime = new AbortController();
  readonly #stopListening: () => void;
  #line: Waiting[] = [];
  #lineBytes = 0;
  #lineMessages = 0;
  #roomCallbacks: (() => void)[] = [];
  #isRoomDue = false;
  #isFlushing = false;
  #bufferedBytes = 0;
  #bufferedMessages = 0;
  #sweepTimer: Timer | undefined;

  constructor(
    options: { readonly settings: ProducerSettings; readonly partitioner: Partitioner | undefined },
    dependencies: Omit<PartitionProducerDependencies, "onBuffered">,
  ) {
    this.#settings = options.settings;
    this.#partitioner = options.partitioner;
    this.#clock = dependencies.clock;
    this.#dependencies = { ...dependencies, onBuffered: (bytes) => this.#buffered(bytes) };
    this.#stopListening = dependencies.metadata.onLeadersChanged((topics) => {
      for (const topic of topics) this.#topics.get(topic)?.leadersChanged();
    });
  }

  /** Bytes that are sent or wait in batches to be sent, and are not answered yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Messages that were taken and are not answered yet, without those in line. */
  get bufferedMessages(): number {
    return this.#bufferedMessages;
  }

  /** A send that came now would wait. */
  get isFull(): boolean {
    return this.#line.length > 0 || !this.#hasRoom;
  }

  /** Calls back once, when at least half of the room is free: at once where it is. */
  whenRoom(callback: () => void): void {
    if (this.#isHalfFree) callback();
    else this.#roomCallbacks.push(callback);
  }

  /** @throws SluiceError RESOURCE_EXHAUSTED where `messages` more may not even wait; then nothing of them was taken */
  checkLine(messages: PendingSend["messages"]): void {
    if (this.#line.length === 0) return;
    const bytesMax = this.#settings.maxBufferedBytes * lineFactor;
    const messagesMax = this.#settings.maxBufferedMessages * lineFactor;
    const isOverBytes = this.#lineBytes + estimatedBytes(messages) > bytesMax;
    if (!isOverBytes && this.#lineMessages + messages.length <= messagesMax) return;
    const resource = `What waits for room in the producer (${lineFactor} times ${isOverBytes ? "maxBufferedBytes" : "maxBufferedMessages"})`;
    throw new SluiceError("RESOURCE_EXHAUSTED", {
      resource,
      limit: isOverBytes ? `${bytesMax} bytes` : `${messagesMax} messages`,
    });
  }

  /** Takes a send, now or when there is room, after all earlier ones. */
  add(send: PendingSend): void {
    this.#unsettled.add(send);
    send.keeper = this;
    if (this.isFull) this.#wait(send);
    else this.#take(send);
    this.#sweepTimer ??= this.#clock.setTimer(sweepIntervalMs, () => this.#sweep());
  }

  /** Called by a send that was added, once. */
  sendSettled(send: PendingSend): void {
    this.#unsettled.delete(send);
    if (!send.isTaken) return;
    this.#bufferedMessages -= send.messages.length;
    this.#roomCameUp();
  }

  /** Sends what lingers, and resolves when everything that was added so far is answered. */
  async flush(): Promise<void> {
    const unsettled = [...this.#unsettled];
    for (const topic of this.#topics.values()) topic.pump({ isFlush: true });
    await Promise.all(unsettled.map((send) => new Promise<void>((resolve) => send.onSettled(() => resolve()))));
  }

  /** From now on nothing lingers: the producer is closing. */
  stopLingering(): void {
    this.#isFlushing = true;
  }

  /** Fails everything that is not answered: with `error`, or with INDETERMINATE where it may be in the log. */
  close(error: SluiceError): void {
    this.#lifetime.abort(error);
    this.#stopListening();
    // First: whatever fails makes room, which must let nothing in any more.
    for (const { send } of this.#line.splice(0)) send.fail(error);
    for (const topic of this.#topics.values()) topic.close(error);
    this.#dependencies.streams.abort(error);
    this.#sweepTimer?.cancel();
    for (const callback of this.#roomCallbacks.splice(0)) callback();
  }

  get #hasRoom(): boolean {
    const { maxBufferedBytes, maxBufferedMessages } = this.#settings;
    return this.#bufferedBytes < maxBufferedBytes && this.#bufferedMessages < maxBufferedMessages;
  }

  get #isHalfFree(): boolean {
    const { maxBufferedBytes, maxBufferedMessages } = this.#settings;
    const isHalfFree = this.#bufferedBytes <= maxBufferedBytes / 2 && this.#bufferedMessages <= maxBufferedMessages / 2;
    return this.#line.length === 0 && isHalfFree;
  }

  #wait(send: PendingSend): void {
    const bytes = estimatedBytes(send.messages);
    this.#line.push({ send, bytes, deadlineMs: this.#clock.monotonicMs() + send.delivery.timeoutMs });
    this.#lineBytes += bytes;
    this.#lineMessages += send.messages.length;
  }

  #take(send: PendingSend): void {
    send.isTaken = true;
    this.#bufferedMessages += send.messages.length;
    let topic = this.#topics.get(send.topic);
    if (topic === undefined) {
      const options = { topic: send.topic, settings: this.#settings, partitioner: this.#partitioner };
      topic = new TopicProducer(options, this.#dependencies);
      this.#topics.set(send.topic, topic);
    }
    if (topic.append(send)) this.#pumpSoon(topic);
    else this.#askFor(topic);
  }

  #askFor(topic: TopicProducer): void {
    topic.appendWaiting(this.#lifetime.signal).then(
      (hasAppended) => {
        if (hasAppended) this.#pumpSoon(topic);
      },
      (error: unknown) => topic.failWaiting(toSluiceError(error)),
    );
  }

  /** Sends after the current turn, so that all sends of one turn share their batches. */
  #pumpSoon(topic: TopicProducer): void {
    if (this.#dirty.size === 0) queueMicrotask(() => this.#pumpDirty());
    this.#dirty.add(topic);
  }

  #pumpDirty(): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const topic of dirty) topic.pump({ isFlush: this.#isFlushing });
  }

  #buffered(bytes: number): void {
    this.#bufferedBytes += bytes;
    if (bytes < 0) this.#roomCameUp();
  }

  #roomCameUp(): void {
    if (this.#isRoomDue || (this.#line.length === 0 && this.#roomCallbacks.length === 0)) return;
    // Later: room also comes up in the middle of another send, when a batch that it filled is compressed.
    this.#isRoomDue = true;
    queueMicrotask(() => this.#letIn());
  }

  /** Takes the sends that there is room for now, in order. */
  #letIn(): void {
    this.#isRoomDue = false;
    let taken = 0;
    while (taken < this.#line.length && this.#hasRoom) {
      const waiting = this.#line[taken++] as Waiting;
      this.#leftLine(waiting);
      if (!waiting.send.isSettled) this.#take(waiting.send);
    }
    this.#line.splice(0, taken);
    if (this.#isHalfFree) for (const callback of this.#roomCallbacks.splice(0)) callback();
  }

  #leftLine({ send, bytes }: Waiting): void {
    this.#lineBytes -= bytes;
    this.#lineMessages -= send.messages.length;
  }

  /** Fails what waited too long for room, and forgets what was cancelled meanwhile. */
  #sweepLine(nowMs: number): void {
    const isOver = ({ send, deadlineMs }: Waiting): boolean => send.isSettled || deadlineMs <= nowMs;
    if (!this.#line.some(isOver)) return;
    const over = this.#line.filter(isOver);
    this.#line = this.#line.filter((waiting) => !isOver(waiting));
    const { maxBufferedBytes, maxBufferedMessages } = this.#settings;
    const limit = `${maxBufferedBytes} bytes and ${maxBufferedMessages} messages`;
    for (const waiting of over) {
      this.#leftLine(waiting);
      const resource = `Room in the producer, waited for during ${waiting.send.delivery.timeoutMs} ms,`;
      waiting.send.fail(new SluiceError("RESOURCE_EXHAUSTED", { resource, limit }));
    }
    this.#roomCameUp();
  }

  #sweep(): void {
    this.#sweepTimer = undefined;
    const nowMs = this.#clock.monotonicMs();
    this.#sweepLine(nowMs);
    for (const topic of this.#topics.values()) topic.sweep(nowMs);
    if (this.#unsettled.size > 0) this.#sweepTimer = this.#clock.setTimer(sweepIntervalMs, () => this.#sweep());
  }
}
