/** A service that answers from a list, and a world whose time passes only while somebody sleeps. */
import type { RequestPorts } from "../../../sdk/typescript/src/ports.ts";

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string | null;
}

export type Reply = Response | Error | ((seen: Seen) => Response | Error);

export class FakeService {
  readonly seen: Seen[] = [];
  readonly slept: number[] = [];
  now = Date.parse("2026-11-23T09:00:00.000Z");
  readonly #replies: Reply[];
  #drawn = 0;

  /** @param replies one per request, in order; the last one answers all further requests. */
  constructor(...replies: Reply[]) {
    this.#replies = replies;
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const body = typeof init.body === "string" ? init.body : null;
    const seen: Seen = { method: init.method ?? "GET", url, headers: new Headers(init.headers), body };
    this.seen.push(seen);
    const reply = this.#replies.length > 1 ? this.#replies.shift() : this.#replies[0];
    if (reply === undefined) throw new Error("no reply was prepared");
    const outcome = typeof reply === "function" ? reply(seen) : reply;
    if (outcome instanceof Error) throw outcome;
    return outcome.clone();
  };

  readonly ports: RequestPorts = {
    fetch: this.fetch,
    clock: { now: () => this.now },
    timers: {
      sleep: async (ms) => {
        this.slept.push(ms);
        this.now += ms;
      },
    },
    // Never the same bytes twice, as randomness is: two changes must not share an Idempotency-Key by chance.
    random: { bytes: (length) => new Uint8Array(length).fill((this.#drawn += 1)) },
    deadline: () => new AbortController().signal,
  };

  /** The Idempotency-Keys of the requests, in order. */
  get keys(): (string | null)[] {
    return this.seen.map((seen) => seen.headers.get("idempotency-key"));
  }
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers: { "Dome-Request-Id": "req_1", ...headers } });

export const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  json(
    status,
    {
      type: `https://dome.example/problems/${code}`,
      title: "A title",
      status,
      detail: `what is wrong: ${code}`,
      instance: "/api/v1/x",
      code,
    },
    headers,
  );

/** The same for a refusal that names a member. */
export const refusalOf = (
  status: number,
  code: string,
  member: string,
  detail = `what is wrong: ${code}`,
): Response =>
  json(status, {
    type: `https://dome.example/problems/${code}`,
    title: "A title",
    status,
    detail,
    instance: "/api/v1/x",
    code,
    errors: [{ member, detail }],
  });

/** What `fetch` throws when the other side hangs up. */
export const hangUp = (): Error =>
  new TypeError("fetch failed", {
    cause: Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }),
  });

export const timeOut = (): Error =>
  new DOMException("The operation was aborted due to timeout", "TimeoutError");
