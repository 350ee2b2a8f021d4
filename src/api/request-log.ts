/**
 * One JSON line per request (P4): what was asked, by whom, how it ended. No header, no query, no body, and of a person
 * only the id of the token: a log is read by more people than a ledger.
 */
import { traceIdOf } from "../kernel/trace.ts";
import type { Services } from "./services.ts";

const MOST_PATH = 200;

/** Without escapes: what is masked in a log is known by its characters. */
function readable(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path.replaceAll(/%[0-9A-Fa-f]{2}/g, "%"); // not UTF-8: no name of anything
  }
}

/** A ULID's alphabet, in lower case (Crockford). Its last four characters are twenty random bits. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const DRAWN = 4;

/**
 * A log line costs, and most say that all is well. So it can be one of so many, drawn by the request's own random id;
 * what was a fault is logged always.
 * @param oneIn null: no request leaves a line, and a fault only its own.
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

/** @param actor the agent, or `operator:` and the id of its token; undefined: nobody was recognised. */
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
