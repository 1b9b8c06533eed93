/**
 * A TCP proxy on 127.0.0.1 between a program and what it talks to, which does what networks do: cut, refuse, stall one way or both,
 * and delay. Bytes are never lost or reordered within a connection that stands.
 */

import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";

export class TcpProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #pairs = new Set<ConnectionPair>();
  readonly #flow: Flow = { toTarget: "open", toClient: "open", latencyMs: 0 };
  #isRefusing = false;
  #refusedCount = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that stand. */
  get connectionCount(): number {
    return this.#pairs.size;
  }

  /** Connections that were refused so far. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** Chunks that are held back. */
  get heldCount(): number {
    return [...this.#pairs].reduce((sum, pair) => sum + pair.heldCount, 0);
  }

  /** Resets every connection, and what is held back is lost. New ones are taken, unless they are refused. */
  cut(): void {
    for (const pair of [...this.#pairs]) pair.reset();
  }

  /** Whether new connections are reset at once. */
  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
  }

  /** Holds back what goes that way, without closing anything: the network swallows it. */
  stall(way: keyof Omit<Flow, "latencyMs"> | "both"): void {
    if (way !== "toClient") this.#flow.toTarget = "stalled";
    if (way !== "toTarget") this.#flow.toClient = "stalled";
  }

  /** What was held back goes on its way. */
  resume(): void {
    this.#flow.toTarget = "open";
    this.#flow.toClient = "open";
    for (const pair of this.#pairs) pair.resume();
  }

  /** Delays each chunk, each way. */
  delay(latencyMs: number): void {
    this.#flow.latencyMs = latencyMs;
  }

  async dispose(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    if (this.#isRefusing) {
      this.#refusedCount += 1;
      client.resetAndDestroy();
      return;
    }
    const pair = new ConnectionPair(client, createConnection(this.#targetPort, "127.0.0.1"), this.#flow);
    this.#pairs.add(pair);
    pair.onClose(() => this.#pairs.delete(pair));
  }
}

interface Flow {
  toTarget: "open" | "stalled";
  toClient: "open" | "stalled";
  latencyMs: number;
}

/** A connection of a client and the one that it stands for. */
class ConnectionPair {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #flow: Flow;
  readonly #held: { readonly way: "toTarget" | "toClient"; readonly chunk: Buffer }[] = [];

  constructor(client: Socket, target: Socket, flow: Flow) {
    this.#client = client;
    this.#target = target;
    this.#flow = flow;
    this.#pipe("toTarget");
    this.#pipe("toClient");
  }

  get heldCount(): number {
    return this.#held.length;
  }

  onClose(listener: () => void): void {
    this.#client.once("close", listener);
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#target.resetAndDestroy();
  }

  resume(): void {
    for (const { way, chunk } of this.#held.splice(0)) this.#forward(way, chunk);
  }

  #pipe(way: "toTarget" | "toClient"): void {
    const [from, to] = way === "toTarget" ? [this.#client, this.#target] : [this.#target, this.#client];
    from.on("data", (chunk: Buffer) => this.#take(way, chunk));
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }

  #take(way: "toTarget" | "toClient", chunk: Buffer): void {
    if (this.#flow.latencyMs === 0) this.#forward(way, chunk);
    else setTimeout(() => this.#forward(way, chunk), this.#flow.latencyMs);
  }

  #forward(way: "toTarget" | "toClient", chunk: Buffer): void {
    if (this.#flow[way] === "stalled") this.#held.push({ way, chunk });
    else (way === "toTarget" ? this.#target : this.#client).write(chunk);
  }
}
