/**
 * One connection between two processes, and everything that is under way on it.
 *
 * It breaks as a whole. Each end learns of it by itself: at once where it broke the wire itself, after a delay where a reset
 * reaches it, and only by its own probes where the network is cut or the machine is gone.
 */

import { SluiceError } from "@sluice/model";
import type { Chance } from "../kernel/chance.js";
import type { Scheduler } from "../kernel/scheduler.js";
import type { SimulatedProcess } from "../kernel/simulated-process.js";
import type { Exchange } from "./exchange.js";
import type { Link } from "./link.js";
import type { SimulatedServer } from "./simulated-server.js";

/** How long an end takes to find out by its own probes, in milliseconds: from and to. */
const probeMs = [1000, 15_000] as const;

export interface WireOptions {
  readonly client: SimulatedProcess;
  readonly server: SimulatedServer;
  /** What the client dialled, as `host:port`. */
  readonly authority: string;
  readonly toServer: Link;
  readonly toClient: Link;
}

export class Wire {
  readonly client: SimulatedProcess;
  readonly server: SimulatedServer;
  readonly authority: string;
  readonly toServer: Link;
  readonly toClient: Link;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #onBroken: () => void;
  readonly #exchanges = new Set<Exchange<unknown, unknown>>();
  #isBroken = false;

  constructor(
    options: WireOptions,
    dependencies: { readonly scheduler: Scheduler; readonly chance: Chance; readonly onBroken: () => void },
  ) {
    this.client = options.client;
    this.server = options.server;
    this.authority = options.authority;
    this.toServer = options.toServer;
    this.toClient = options.toClient;
    this.#scheduler = dependencies.scheduler;
    this.#chance = dependencies.chance;
    this.#onBroken = dependencies.onBroken;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  add(exchange: Exchange<unknown, unknown>): void {
    this.#exchanges.add(exchange);
  }

  /** Forgets what is over at both ends. */
  remove(exchange: Exchange<unknown, unknown>): void {
    if (exchange.clientEnd.isSettled && exchange.serverEnd?.isSettled !== false) this.#exchanges.delete(exchange);
  }

  /** The network resets it: both ends learn of it soon, where the links are whole. */
  reset(): void {
    this.#break((link) => (link.isCut ? this.#probeDelayMs() : link.drawDelayMs()), "connection reset");
  }

  /** A process that has it is gone: its kernel resets the connection, or, `isSilent`, nothing says so. */
  processGone(isSilent: boolean): void {
    this.#break(
      (link) => (isSilent || link.isCut ? this.#probeDelayMs() : link.drawDelayMs()),
      isSilent ? "no answer to probes" : "connection lost",
    );
  }

  /** The links stayed cut for so long that both ends gave up. */
  giveUp(): void {
    this.#break(() => this.#chance.between(0, 1000), "no answer to probes");
  }

  /** The client closed its connection. */
  closeByClient(): void {
    this.#break((link) => link.drawDelayMs(), "the other side closed the connection");
  }

  #probeDelayMs(): number {
    return this.#chance.between(...probeMs);
  }

  #break(delayMsBy: (link: Link) => number, reason: string): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#onBroken();
    const exchanges = [...this.#exchanges];
    // What arrives before the end learns of the break still counts; nothing does once both have.
    const [clientMs, serverMs] = [delayMsBy(this.toClient), delayMsBy(this.toServer)];
    const lost = (): SluiceError => new SluiceError("BROKER_UNREACHABLE", { addresses: this.authority, reason });
    this.#scheduler.schedule(clientMs, () => {
      for (const exchange of exchanges) exchange.settleClient(lost());
    });
    this.#scheduler.schedule(serverMs, () => {
      for (const exchange of exchanges) {
        exchange.settleServer(new SluiceError("CANCELLED", { operation: exchange.path }));
        exchange.breakPipes();
      }
    });
  }
}
