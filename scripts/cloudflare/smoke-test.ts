/**
 * After a deployment: does the door answer at its public URL, reach its database and the objects, and know its own name? And, with an
 * operator token, is there a workspace to begin with?
 */
import { ControlPlane } from "../../src/client/control-plane.ts";
import { ApiError, DomeError } from "../../sdk/typescript/src/errors.ts";
import type { Session } from "./session.ts";
import { Stop } from "./stop.ts";

/** A new domain takes some time: its name, its certificate. Three minutes. */
const ATTEMPTS = 60;
const WAIT_MS = 3_000;
const ANSWER_WITHIN_MS = 10_000;

const AGAIN =
  "when it answers, run npm run cf:deploy -- --only-smoke-test; to go back, run npx wrangler rollback";

/** @throws Stop when it does not pass in time. The deployment stands. */
export async function smokeTest(session: Session, publicUrl: string): Promise<void> {
  await passes(session, `${publicUrl}/healthz`, (body) => member(body, "status") === "ok", ATTEMPTS);
  await passes(session, `${publicUrl}/readyz`, (body) => member(body, "status") === "ok", 10);
  // Its keys are under a lease of an object, so this answers only where the door reaches the objects' Worker.
  const keys = `${publicUrl}/.well-known/jwks.json`;
  await passes(session, keys, (body) => Array.isArray(member(body, "keys")), 10);
  const metadata = `${publicUrl}/.well-known/oauth-authorization-server`;
  await passes(session, metadata, (body) => member(body, "issuer") === publicUrl, 10);
}

async function passes(
  session: Session,
  url: string,
  accept: (body: unknown) => boolean,
  attempts: number,
): Promise<void> {
  let last = "";
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (attempt > 0) await session.ports.sleep(WAIT_MS);
    try {
      const answer = await session.ports.fetch(url, {
        redirect: "manual",
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const text = await answer.text();
      if (answer.status === 200 && accept(parse(text))) {
        session.print(`${url}: ok`);
        return;
      }
      last = answer.status === 200 ? "another service answers" : `status ${answer.status}`;
    } catch (fault) {
      last = reasonOf(fault);
    }
  }
  throw new Stop(1, `deployed, but ${url} does not answer as expected: ${last}`, AGAIN);
}

/** Makes the workspace `default` where it is not there, through the API, so that it is recorded like any other. */
export async function ensureDefaultWorkspace(
  session: Session,
  publicUrl: string,
  token: string,
): Promise<void> {
  const { fetch, sleep } = session.ports;
  const control = new ControlPlane({ url: publicUrl, token, fetch, timers: { sleep } });
  try {
    try {
      await control.workspaces.show("default");
      session.print('workspace "default": there');
    } catch (fault) {
      if (!(fault instanceof ApiError) || fault.code !== "not_found") throw fault;
      await control.workspaces.create({ name: "default" });
      session.print('workspace "default": made');
    }
  } catch (fault) {
    if (fault instanceof ApiError && fault.code === "name_taken") return;
    if (!(fault instanceof DomeError)) throw fault;
    throw new Stop(1, `deployed, but the workspace "default" could not be created: ${fault.message}`, AGAIN);
  }
}

const member = (body: unknown, name: string): unknown =>
  typeof body === "object" && body !== null ? (body as Record<string, unknown>)[name] : undefined;

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function reasonOf(fault: unknown): string {
  if (!(fault instanceof Error)) return "no answer";
  if (fault.name === "TimeoutError") return `no answer within ${ANSWER_WITHIN_MS / 1000} s`;
  const { cause } = fault;
  return cause instanceof Error && "code" in cause
    ? `no connection (${String(cause.code)})`
    : "no connection";
}
