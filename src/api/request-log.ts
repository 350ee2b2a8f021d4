/**
 * One JSON line per request (P4): what was asked, by whom, how it ended. No header, no query, no body, and of a person
 * only the id of the token: a log is read by more people than a ledger.
 */
import { traceIdOf } from "../kernel/trace.ts";
import type { Services } from "./services.ts";

const MOST_PATH = 200;

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
    path: new URL(http.url).pathname.slice(0, MOST_PATH),
    status,
    actor,
    ms: services.clock.now() - startedAt,
  });
}
