/**
 * Server reflection, with which grpcurl and other tools call a broker without its .proto files.
 *
 * The library's tables are large, and everything that lives costs the data plane: buffers of records make V8 mark the whole heap
 * again and again (kept for good, the tables took a third of the throughput). So they are made when a tool asks, and let go some
 * seconds after the last tool has gone: making them takes 50 ms, which a stream of short calls must not be able to ask for again and
 * again.
 */

import { EventEmitter } from "node:events";
import type { MethodDefinition, Server } from "@grpc/grpc-js";
import {
  type Codec,
  type MessageStream,
  type ServedMethod,
  type StreamListener,
  serveStream,
  toSluiceError,
} from "@sluice/model";
import { loadProtoForReflection } from "./load-proto.js";

const methodPaths = [
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/** A method as the library would register it at a server. */
export interface LibraryMethod {
  readonly definition: MethodDefinition<object, object>;
  readonly handler: (call: object) => void;
}

export type LibraryMethods = ReadonlyMap<string, LibraryMethod>;

/** How long the tables are kept when nobody uses them. */
const keepMs = 10_000;

const rawCodec: Codec<Buffer> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

export class Reflection {
  readonly #services: readonly string[];
  readonly #load: (services: readonly string[]) => Promise<LibraryMethods>;
  #openStreams = 0;
  #library: Promise<LibraryMethods> | undefined;
  #letGo: NodeJS.Timeout | undefined;
  #isClosed = false;

  /**
   * @param options.services full names of those to list
   * @param options.load makes the tables; default: with the library
   */
  constructor(options: {
    readonly services: Iterable<string>;
    readonly load?: (services: readonly string[]) => Promise<LibraryMethods>;
  }) {
    this.#services = [...options.services];
    this.#load = options.load ?? loadLibraryMethods;
  }

  /** Lets everything go, and leaves no timer. */
  close(): void {
    this.#isClosed = true;
    this.#library = undefined;
    clearTimeout(this.#letGo);
  }

  /** Both versions of the service. */
  methods(): readonly ServedMethod[] {
    return methodPaths.map((path) => {
      const method = { kind: "stream", path, clientStreams: true, request: rawCodec, response: rawCodec } as const;
      return serveStream(method, (stream) => this.#onStream(path, stream));
    });
  }

  #onStream(path: string, stream: MessageStream<Buffer>): StreamListener<Buffer> {
    this.#openStreams++;
    clearTimeout(this.#letGo);
    this.#library ??= this.#load(this.#services);
    const call = this.#library.then((methods) => libraryCall(methods.get(path) as LibraryMethod, stream));
    // In the order of arrival: each waits for the same promise.
    const tell = (event: (call: LibraryCall) => void): void => {
      call.then(event).catch((error: unknown) => stream.abort(toSluiceError(error)));
    };
    const release = (): void => {
      this.#openStreams--;
      if (this.#openStreams > 0 || this.#isClosed) return;
      this.#letGo = setTimeout(() => {
        this.#library = undefined;
      }, keepMs);
      this.#letGo.unref();
    };
    return {
      onMessage: (bytes) => tell(({ onBytes }) => onBytes(bytes)),
      onEnd: () => {
        tell(({ onEnd }) => onEnd());
        release();
      },
      onError: release,
    };
  }
}

interface LibraryCall {
  readonly onBytes: (bytes: Buffer) => void;
  readonly onEnd: () => void;
}

/** Runs the library's handler on one of our streams: it listens to `data` and `end`, and uses `write` and `end`. */
function libraryCall({ definition, handler }: LibraryMethod, stream: MessageStream<Buffer>): LibraryCall {
  const emitter = new EventEmitter();
  const write = (message: object): boolean => stream.send(definition.responseSerialize(message));
  handler(Object.assign(emitter, { write, end: () => stream.end() }));
  return {
    onBytes: (bytes) => void emitter.emit("data", definition.requestDeserialize(bytes)),
    onEnd: () => void emitter.emit("end"),
  };
}

/** What the library registers, by path. */
async function loadLibraryMethods(services: readonly string[]): Promise<LibraryMethods> {
  const { ReflectionService } = await import("@grpc/reflection");
  const methods = new Map<string, LibraryMethod>();
  const server: Pick<Server, "addService"> = {
    addService(service, implementation) {
      for (const [name, definition] of Object.entries(service)) {
        methods.set(definition.path, { definition, handler: implementation[name] as LibraryMethod["handler"] });
      }
    },
  };
  new ReflectionService(loadProtoForReflection(), { services: [...services] }).addToServer(server as Server);
  return methods;
}
