/**
 * The one way to call other servers, in two forms behind one guard: `getJson` for documents, `open` for streams. Only
 * https to public names, and no redirects. The server that answers is not trusted.
 */
import { inTime, type Timers } from "../kernel/clock.ts";
import { err, type Result } from "../kernel/result.ts";
import { parseJsonBytes } from "../kernel/strict-json.ts";
import { addressFault, wayTo, type AddressFault, type Way } from "./address.ts";
import { readAll } from "./chunks.ts";
import {
  open,
  redirects,
  type Fetch,
  type UpstreamEnd,
  type UpstreamLimits,
  type UpstreamRequest,
  type UpstreamResponse,
} from "./open.ts";

interface EgressPorts {
  /** One `fetch` per way. The one for `public` needs no inside address, and should not be able to reach any. */
  readonly fetch: Readonly<Record<Way, Fetch>>;
  readonly timers: Timers;
  /** Origins that are exempt from the address rules. */
  readonly allowed: ReadonlySet<string>;
}

export type OpenRefusal =
  { readonly kind: "address_refused"; readonly why: AddressFault } | { readonly kind: UpstreamEnd };

export type EgressRefusal =
  | OpenRefusal
  | { readonly kind: "redirected" }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "not_json" };

/** The time limit for connection, headers and body of a document together, in milliseconds. */
export const EGRESS_TIME_LIMIT_MS = 5_000;
export const EGRESS_SIZE_LIMIT_BYTES = 262_144;

const OF_A_DOCUMENT: UpstreamLimits = {
  headersMs: EGRESS_TIME_LIMIT_MS,
  silenceMs: EGRESS_TIME_LIMIT_MS,
  bytes: EGRESS_SIZE_LIMIT_BYTES,
};

const JSON_TYPE = /^application\/(?:json|[\w.+-]+\+json)\s*(?:;|$)/i;

export class Egress {
  readonly #ports: EgressPorts;

  constructor(ports: EgressPorts) {
    this.#ports = ports;
  }

  /** Why Dome does not call this URL; null when it may. */
  addressFault(url: string): AddressFault | null {
    return addressFault(url, this.#ports.allowed);
  }

  /** A call that streams in both directions; `open.ts` lists its guarantees. Nothing is sent to a refused address. */
  async open(
    request: UpstreamRequest,
    limits: UpstreamLimits,
  ): Promise<Result<UpstreamResponse, OpenRefusal>> {
    const { fetch, timers, allowed } = this.#ports;
    const way = wayTo(request.url, allowed);
    if (!way.ok) return err({ kind: "address_refused", why: way.error });
    const answer = await open(fetch[way.value], timers, request, limits);
    return answer.ok ? answer : err({ kind: answer.error });
  }

  /**
   * Gets a JSON document, with one time limit for the whole call.
   * @param traceparent forwarded, so that the call appears in the caller's trace.
   */
  async getJson(url: string, traceparent?: string): Promise<Result<unknown, EgressRefusal>> {
    const stop = new AbortController();
    const late = err<EgressRefusal>({ kind: "timed_out" });
    const headers = new Headers({ accept: "application/json" });
    if (traceparent !== undefined) headers.set("traceparent", traceparent);
    const asked = { method: "GET", url, headers, body: null, signal: stop.signal };
    const answer = await inTime(this.#ports.timers, EGRESS_TIME_LIMIT_MS, this.#read(asked), late);
    stop.abort(); // also after an answer: the unread rest of a refused one is not awaited
    return answer;
  }

  /** Never rejects, not even after the time limit: a broken connection is a refusal. */
  async #read(request: UpstreamRequest): Promise<Result<unknown, EgressRefusal>> {
    const answer = await this.open(request, OF_A_DOCUMENT);
    if (!answer.ok) return answer;
    const { status, headers, body } = answer.value;
    if (redirects(status)) return err({ kind: "redirected" });
    if (status !== 200) return err({ kind: "status", status });
    if (!JSON_TYPE.test(headers.get("content-type") ?? "")) return err({ kind: "not_json" });
    const bytes = await readAll(body);
    if (!bytes.ok) return err({ kind: bytes.error });
    // Other servers add numbers of their own, which Dome does not read.
    const document = parseJsonBytes(bytes.value, { numbers: "finite" });
    return document.ok ? document : err({ kind: "not_json" });
  }
}
