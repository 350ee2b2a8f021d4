/**
 * A closed loop over HTTP/1.1: a fixed number of keep-alive connections, each with one request in flight, the next one
 * as soon as the answer is there. On bare sockets, because the client shares the machine with what it measures.
 * It understands what Dome's answers look like, with a Content-Length or in chunks, and nothing else.
 */
import { connect, type Socket } from "node:net";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Answered {
  readonly status: number;
  readonly body: string;
}

/** One request as bytes. The answer must not be compressed: packing it would be part of the time. */
export function request(
  { host, port }: Address,
  method: "GET" | "POST",
  path: string,
  given: {
    readonly bearer?: string;
    readonly json?: unknown;
    readonly form?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Buffer {
  const body = given.form ?? (given.json === undefined ? "" : JSON.stringify(given.json));
  const type = given.form === undefined ? "application/json" : "application/x-www-form-urlencoded";
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}:${port}`,
    "Accept-Encoding: identity",
    ...(given.bearer === undefined ? [] : [`Authorization: Bearer ${given.bearer}`]),
    ...Object.entries(given.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    ...(method === "GET" ? [] : [`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** One keep-alive connection with one request in flight at most. */
export class Connection {
  readonly #socket: Socket;
  #pending: { resolve: (answer: Answered) => void; reject: (fault: Error) => void } | null = null;
  #received = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1"); // one character per byte, so that lengths are those of Content-Length
    socket.on("data", (text: string) => this.#take(text));
    socket.on("error", (fault) => this.#fail(fault));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  static open({ host, port }: Address): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.removeListener("error", reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** @throws Error when the connection breaks. */
  send(bytes: Buffer): Promise<Answered> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  close(): void {
    this.#pending = null;
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#received += text;
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
    if (length === undefined && !isChunked)
      return this.#fail(new Error(`an answer without a length: ${head}`));
    const rest = this.#received.slice(end + 4);
    const taken = isChunked ? chunksIn(rest) : fixedIn(rest, Number(length));
    if (taken === null) return;
    this.#received = rest.slice(taken.size);
    const answered = this.#pending;
    this.#pending = null;
    answered?.resolve({ status: Number(head.slice(9, 12)), body: taken.body });
  }

  #fail(fault: Error): void {
    this.#pending?.reject(fault);
    this.#pending = null;
  }
}

/** A body that is there whole, and how much of the text it takes; null while it is not. */
type Taken = { readonly body: string; readonly size: number } | null;

const fixedIn = (text: string, length: number): Taken =>
  text.length < length ? null : { body: text.slice(0, length), size: length };

/** A chunked body without trailers (RFC 9112 §7.1). */
function chunksIn(text: string): Taken {
  let [body, at] = ["", 0];
  for (;;) {
    const end = text.indexOf("\r\n", at);
    if (end < 0) return null;
    const size = parseInt(text.slice(at, end), 16);
    const next = end + 2 + size + 2;
    if (text.length < next) return null;
    if (size === 0) return { body, size: next };
    body += text.slice(end + 2, end + 2 + size);
    at = next;
  }
}

/** Sends one request and gives its answer. */
export async function ask(address: Address, bytes: Buffer): Promise<Answered> {
  const connection = await Connection.open(address);
  try {
    return await connection.send(bytes);
  } finally {
    connection.close();
  }
}

/** Open connections that are used again from round to round. */
export class Clients {
  readonly #connections: readonly Connection[];

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections;
  }

  static async open(address: Address, count: number): Promise<Clients> {
    return new Clients(await Promise.all(Array.from({ length: count }, () => Connection.open(address))));
  }

  /**
   * Sends for so long, all connections at once, the requests in turn. A 503 asks for patience and counts as no answer:
   * its time is lost.
   * @returns microseconds per answer: the time that the round took, divided by its answers.
   * @throws Error at the first answer that is neither 200 nor 503, or when half of them are 503.
   */
  async run(requests: readonly Buffer[], ms: number): Promise<number> {
    const start = performance.now();
    const end = start + ms;
    let sent = 0;
    let answers = 0;
    const loop = async (connection: Connection): Promise<void> => {
      while (performance.now() < end) {
        const next = requests[sent++ % requests.length];
        if (next === undefined) throw new Error("nothing to send");
        const { status, body } = await connection.send(next);
        if (status === 200) answers += 1;
        else if (status !== 503) throw new Error(`status ${status} instead of 200: ${body.slice(0, 300)}`);
      }
    };
    await Promise.all(this.#connections.map(loop));
    if (answers * 2 < sent) throw new Error(`only ${answers} of ${sent} requests were answered`);
    return ((performance.now() - start) * 1_000) / answers;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}
