/** Creates the workspace `default`, without which a new server cannot be used. Repeating it does no harm (P12). */
import type { Timers } from "../kernel/clock.ts";
import { ok, type Result } from "../kernel/result.ts";
import { reasonOf, refuse, type Refusal } from "./refusal.ts";

const ATTEMPTS = 20;
const WAIT_MS = 250;

/**
 * Creates the workspace `default` through the API, so that its creation is recorded like any other. A Worker that has
 * just started may answer that it is not ready; the request is repeated for up to five seconds.
 */
export async function makeDefaultWorkspace(
  url: string,
  adminToken: string,
  timers: Timers,
): Promise<Result<void, Refusal>> {
  let last = "no answer";
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await timers.sleep(WAIT_MS);
    try {
      const answer = await fetch(`${url}/api/v1/workspaces`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${adminToken}`,
          "Content-Type": "application/json",
          "Idempotency-Key": "first-start-default-workspace",
        },
        body: JSON.stringify({ name: "default" }),
      });
      const body = await answer.text();
      const isThere = answer.status === 409 && !answer.headers.has("Retry-After");
      if (answer.ok || isThere) return ok(undefined);
      last = `status ${answer.status}${codeIn(body)}`;
      if (answer.status < 500 && answer.status !== 409) break;
    } catch (error) {
      last = reasonOf(error);
    }
  }
  return refuse(`could not create the workspace "default": ${last}`);
}

/** The stable code of a problem (RFC 9457), for bug reports. */
function codeIn(body: string): string {
  const match = /"code"\s*:\s*"([a-z0-9_]+)"/.exec(body);
  return match?.[1] === undefined ? "" : ` (${match[1]})`;
}
