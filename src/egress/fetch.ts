/**
 * The one guarded fetch: https to public names only, no redirect, a time limit over all of it, a size limit on what is
 * read, and JSON or nothing. Whoever answers is a stranger.
 */
import { concatAll, fromUtf8 } from "../kernel/bytes.ts";
import type { Timers } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { addressFault, type AddressFault } from "./address.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface EgressPorts {
  readonly fetch: Fetch;
  readonly timers: Timers;
  /** Origins that are exempt from the rules on addresses. */
  readonly allowed: ReadonlySet<string>;
}

export type EgressRefusal =
  | { readonly kind: "address_refused"; readonly why: AddressFault }
  | { readonly kind: "unreachable" }
  | { readonly kind: "timed_out" }
  | { readonly kind: "redirected" }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "not_json" }
  | { readonly kind: "too_large" };

/** For connection, headers and body together, in milliseconds. */
export const EGRESS_TIME_LIMIT_MS = 5_000;
export const EGRESS_SIZE_LIMIT_BYTES = 262_144;

const JSON_TYPE = /^application\/(?:json|[\w.+-]+\+json)\s*(?:;|$)/i;

export class Egress {
  readonly #ports: EgressPorts;

  constructor(ports: EgressPorts) {
    this.#ports = ports;
  }

  /** Why this URL is never called; null: it may be. */
  addressFault(url: string): AddressFault | null {
    return addressFault(url, this.#ports.allowed);
  }

  /**
   * Gets a JSON document.
   * @param traceparent sent on, so that the call is found in the caller's trace.
   */
  async getJson(url: string, traceparent?: string): Promise<Result<unknown, EgressRefusal>> {
    const why = this.addressFault(url);
    if (why !== null) return err({ kind: "address_refused", why });
    const stop = new AbortController();
    const late = this.#ports.timers
      .sleep(EGRESS_TIME_LIMIT_MS)
      .then((): Result<never, EgressRefusal> => err({ kind: "timed_out" }));
    const answer = await Promise.race([this.#ask(url, traceparent, stop.signal), late]);
    stop.abort(); // also after an answer: what was not read of a refused one is not waited for
    return answer;
  }

  /** Never rejects: what breaks on the way is a refusal, also when nobody waits for it any more. */
  async #ask(
    url: string,
    traceparent: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<unknown, EgressRefusal>> {
    try {
      const response = await this.#ports.fetch(url, {
        method: "GET",
        headers: { accept: "application/json", ...(traceparent === undefined ? {} : { traceparent }) },
        redirect: "manual", // a redirect would name an address that nobody has checked
        signal,
      });
      return await read(response);
    } catch {
      return err({ kind: "unreachable" });
    }
  }
}

async function read(response: Response): Promise<Result<unknown, EgressRefusal>> {
  const { status } = response;
  if (status >= 300 && status < 400) return err({ kind: "redirected" });
  if (status !== 200) return err({ kind: "status", status });
  if (!JSON_TYPE.test(response.headers.get("content-type") ?? "")) return err({ kind: "not_json" });
  if (Number(response.headers.get("content-length") ?? 0) > EGRESS_SIZE_LIMIT_BYTES)
    return err({ kind: "too_large" });
  const bytes = await readAtMost(response, EGRESS_SIZE_LIMIT_BYTES);
  if (bytes === undefined) return err({ kind: "too_large" });
  try {
    return ok(JSON.parse(fromUtf8(bytes)) as unknown);
  } catch {
    return err({ kind: "not_json" });
  }
}

/** The body as a stream, because its announced length is the sender's word; undefined: it is longer. */
async function readAtMost(response: Response, limit: number): Promise<Uint8Array | undefined> {
  if (response.body === null) return new Uint8Array();
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concatAll(chunks);
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
}
