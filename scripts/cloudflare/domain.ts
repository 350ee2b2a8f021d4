/**
 * A custom domain is taken over without a question when wrangler has no terminal: it repoints the name's DNS records
 * and takes it from another Worker. So this module first checks whether the name is in use.
 */
import type { Session } from "./session.ts";
import { Stop } from "./stop.ts";

const ANSWER_WITHIN_MS = 10_000;

/**
 * Passes when the name does not exist yet, or when a Dome answers there already.
 * @throws Stop otherwise, before anything is deployed.
 */
export async function refuseToTakeOver(session: Session, publicUrl: string): Promise<void> {
  const { host } = new URL(publicUrl);
  if (session.dryRun) {
    session.print(`would check that no other service answers at ${publicUrl}`);
    return;
  }
  const occupied = await occupant(session, publicUrl);
  if (occupied === null) return;
  throw new Stop(
    1,
    `${host} already exists and ${occupied}; a deployment would point it to this Worker`,
    "to take it over: npm run cf:deploy -- --take-over-domain",
  );
}

async function occupant(session: Session, publicUrl: string): Promise<string | null> {
  try {
    const answer = await session.ports.fetch(`${publicUrl}/healthz`, {
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    await answer.arrayBuffer(); // read to its end, so that the connection is free
    return answer.headers.has("dome-request-id") ? null : `another service answers there (${answer.status})`;
  } catch (fault) {
    const cause = fault instanceof Error ? fault.cause : undefined;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
    return code === "ENOTFOUND" ? null : `does not answer as Dome (${code})`;
  }
}
