/**
 * The SDK's transport, for a client of the control plane: one credential for all requests, and answers parsed by the
 * schemas of the contract.
 */
import type { z } from "zod";
import { bearer, checkToken } from "../../sdk/typescript/src/credential.ts";
import { DomeError } from "../../sdk/typescript/src/errors.ts";
import { portsOf, type RequestPorts } from "../../sdk/typescript/src/ports.ts";
import type { ServerEvent } from "../../sdk/typescript/src/server-events.ts";
import { Transport as Requests, type Method, type Query } from "../../sdk/typescript/src/transport.ts";
import { bySchema } from "./by-schema.ts";
import { heardEvents } from "./heard-events.ts";

export interface ClientOptions extends Partial<RequestPorts> {
  /** The URL of the service, for instance `https://dome.example.com`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; null for public routes. */
  readonly token: string | null;
  /** How often a failed request is sent again; default 2. */
  readonly retries?: number;
  /** Time for one attempt, in milliseconds; default 15,000 (waiting for a stop takes up to 10,000). */
  readonly timeoutMs?: number;
  readonly userAgent?: string;
}

type Fields = Readonly<Record<string, string>>;

export class Transport {
  readonly #requests: Requests;
  readonly #deadline: RequestPorts["deadline"];

  /** @throws DomeError when the token is not visible ASCII; the message does not repeat it. */
  constructor({ url, token, retries, timeoutMs, userAgent, ...given }: ClientOptions) {
    const headers: Record<string, string> = token === null ? {} : bearer(checkToken(token));
    if (userAgent !== undefined) headers["User-Agent"] = userAgent;
    const ports = portsOf(given);
    this.#deadline = ports.deadline;
    this.#requests = new Requests({ ...ports, url, headers, retries, timeoutMs });
  }

  /** A read, which may be repeated at will. */
  read<T>(path: string, schema: z.ZodType<T>, query: Query = {}): Promise<T> {
    return this.#requests.read(path, bySchema(schema), query);
  }

  /**
   * The events of a stream, until it ends. No time-out and no retries: the reader reconnects.
   * @throws DomeError when there is no connection, when it was cut or has fallen silent, or when the service refuses.
   */
  async *events(path: string, query: Query, headers: Fields): AsyncGenerator<ServerEvent> {
    yield* heardEvents(await this.#requests.open(path, query, { headers }), this.#deadline);
  }

  /** A change that takes effect once, however often the request is sent. */
  change<T>(
    method: Exclude<Method, "GET">,
    path: string,
    schema: z.ZodType<T>,
    options: { readonly body?: unknown; readonly query?: Query; readonly headers?: Fields } = {},
  ): Promise<T> {
    return this.#requests.change(method, path, bySchema(schema), options);
  }

  /** A POST that changes nothing (a check, a token), so that it may be repeated. */
  ask<T>(
    path: string,
    schema: z.ZodType<T>,
    body: URLSearchParams | object,
    headers: Fields = {},
  ): Promise<T> {
    return this.#requests.ask(path, bySchema(schema), body, { headers });
  }

  /** A POST of a form with an empty answer; a repeat has no further effect. */
  tell(path: string, body: URLSearchParams): Promise<void> {
    return this.#requests.tell(path, body);
  }
}

/**
 * A path from literal text and values. The values are escaped, so that none can leave its segment.
 * @throws DomeError for "", "." and "..", which no escaping keeps in place (RFC 3986 §5.2.4).
 */
export function route(parts: TemplateStringsArray, ...values: readonly string[]): string {
  const wrong = values.find((value) => ["", ".", ".."].includes(value));
  if (wrong !== undefined) throw new DomeError("invalid_argument", `"${wrong}" is no name and no id`);
  return String.raw({ raw: parts }, ...values.map(encodeURIComponent));
}
