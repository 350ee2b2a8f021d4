/**
 * The operator token for the person at this machine: subject `local`, role `operator`, kept in the context `local`. A
 * command that needs another role is run with `--context local-admin`, as a deliberate act. The token lives as long as
 * any other, and a start replaces one that has used up part of its life.
 */
import { reasonOf } from "./refusal.ts";

const SUBJECT = "local";
const ROLE = "operator";
/** A token with less time left, in milliseconds, is replaced at the start. */
const RENEW_BELOW_MS = 60 * 86_400_000;
const PATIENCE_MS = 5_000;

/** The token, or a sentence for the person at the terminal that says why there is none. */
export type LocalToken = { readonly token: string } | { readonly remark: string };

/**
 * @param saved the token in the context `local` of this server; null when there is none.
 * @param now milliseconds since the epoch.
 */
export async function localToken(
  url: string,
  adminToken: string,
  saved: string | null,
  now: number,
): Promise<LocalToken> {
  try {
    const live = saved === null ? null : await localSelf(url, saved);
    if (saved !== null && live !== null && live.expiresAt - now >= RENEW_BELOW_MS) return { token: saved };
    return { token: await issue(url, adminToken, live?.id ?? null) };
  } catch (fault) {
    return { remark: `the operator token "local" could not be created: ${reasonOf(fault)}` };
  }
}

interface LocalSelf {
  /** The id of the token. */
  readonly id: string;
  readonly expiresAt: number;
}

/** The operator of a token; null when the token is dead or belongs to another operator. */
async function localSelf(url: string, token: string): Promise<LocalSelf | null> {
  const answer = await ask(`${url}/api/v1/operators/self`, token);
  if (answer.status === 401) return null;
  const self: unknown = await answer.json();
  const id = textIn(self, "token");
  if (textIn(self, "subject") !== SUBJECT || textIn(self, "role") !== ROLE || id === null) return null;
  return { id, expiresAt: Date.parse(textIn(self, "expires_at") ?? "") };
}

/** @param replaces the id of the live token that ends; null when there is none. */
async function issue(url: string, adminToken: string, replaces: string | null): Promise<string> {
  const anew = { subject: SUBJECT, role: ROLE, description: "the command line of this machine" };
  const answer = await ask(`${url}/api/v1/operators`, adminToken, replaces === null ? anew : { replaces });
  if (answer.status !== 201) throw new Error(`the server answers with status ${answer.status}`);
  const made: unknown = await answer.json();
  const secret = textIn(memberIn(made, "operator_token"), "secret");
  if (secret === null) throw new Error("the answer has no token");
  return secret;
}

const ask = (url: string, token: string, body?: object): Promise<Response> =>
  fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });

const memberIn = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

function textIn(value: unknown, name: string): string | null {
  const text = memberIn(value, name);
  return typeof text === "string" ? text : null;
}
