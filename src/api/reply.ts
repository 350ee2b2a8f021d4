/** Turns the result of a use case into the outcome of a route. */
import { defined } from "../kernel/defined.ts";
import { ok, type Result } from "../kernel/result.ts";
import type { Refusal } from "../operations/answer/refusal.ts";
import { etagOf } from "./if-match.ts";
import type { Outcome } from "./route.ts";

/** @param headers `no-store` when the body holds a credential or a decision. */
export const reply = (
  result: Result<unknown, Refusal>,
  status?: number,
  headers?: Readonly<Record<string, string>>,
): Outcome<Refusal> =>
  result.ok
    ? ok({
        body: result.value,
        ...defined({ status, headers }),
      })
    : result;

/** A credential or a decision must not be stored in a cache (RFC 9111 §5.2.2.5). */
export const NO_STORE = { "cache-control": "no-store" } as const;

/** A configured resource, with its version as `ETag`. */
export const versioned = (result: Result<{ readonly version: number }, Refusal>): Outcome<Refusal> =>
  result.ok ? ok({ body: result.value, headers: etagOf(result.value.version) }) : result;
