/**
 * One JSON line per request (P4): what was asked, by whom, and the result. It contains no header, no query and no body,
 * and of a person only the id of the token, because more people read a log than a ledger.
 */
import { traceIdOf } from "../kernel/trace.ts";
import type { Services } from "./services.ts";

const MOST_PATH = 200;

/** The path without escapes, so that the mask recognises credentials in it. */
function readable(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path.replaceAll(/%[0-9A-Fa-f]{2}/g, "%"); // not UTF-8, so it names nothing
  }
}

/** The alphabet of a ULID, in lower case (Crockford). Its last four characters are 20 random bits. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const DRAWN = 4;

/**
 * Log lines cost money, and most report success. So one in `oneIn` requests can be logged, chosen by the request's own
 * random id; faults are always logged.
 * @param oneIn null: no request is logged, and a fault only by its own line.
 */
export function isLogged(oneIn: number | null, status: number, requestId: string): boolean {
  if (oneIn === null) return false;
  if (oneIn === 1 || status >= 500) return true;
  const drawn = requestId
    .slice(-DRAWN)
    .split("")
    .reduce((sum, char) => sum * 32 + ALPHABET.indexOf(char), 0);
  return drawn % oneIn === 0;
}

/** @param actor the agent, or `operator:` and the id of its token; undefined when the caller was not recognised. */
export function logRequest(
  services: Services,
  http: Request,
  requestId: string,
  actor: string | undefined,
  status: number,
  startedAt: number,
): void {
  services.log.write(status >= 500 ? "error" : "info", "http.request", {
    request_id: requestId,
    trace_id: traceIdOf(http.headers.get("traceparent")) ?? undefined,
    method: http.method,
    path: readable(new URL(http.url).pathname).slice(0, MOST_PATH),
    status,
    actor,
    ms: services.clock.now() - startedAt,
  });
}
