/** Token exchange (RFC 8693) as an agent asks for it, and what comes of it. */
import { expect } from "vitest";
import type { ActorReceipt } from "../../src/contract/actor-receipt.ts";
import type { CallTokenClaims } from "../../src/contract/call-token.ts";
import { oauthError, tokenResponse, type TokenResponse } from "../../src/contract/oauth.ts";
import { verifyActorReceipt } from "../../src/delegation/receipt.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { basic, claimsOf, postForm, type OAuthAnswer } from "../support/oauth-doors.ts";
import { jwks } from "../support/published-keys.ts";
import { ALLOWED_CHARACTERS } from "./oauth.fixture.ts";
import { operator, token, worker, type Door, type Registered } from "../support/worker-api.ts";

export const TTE = "urn:ietf:params:oauth:grant-type:token-exchange";
const TYPE = "urn:ietf:params:oauth:token-type:";
export const AT = `${TYPE}access_token`;
export const JWT = `${TYPE}jwt`;
export const IDT = `${TYPE}id_token`;
export const TOKEN_PATH = "/api/v1/auth/token";

/** `undefined` leaves a parameter out that is there otherwise. */
export type Form = Readonly<Record<string, string | undefined>>;

/** An exchange by `agent`, whatever its answer; again when a busy machine could not decide in time. */
export async function exchange(agent: Registered, form: Form, door: Door = worker): Promise<OAuthAnswer> {
  const MOST_ATTEMPTS = 4;
  const asked = Object.entries({ grant_type: TTE, subject_token_type: AT, ...form });
  const sent = Object.fromEntries(asked.filter((pair): pair is [string, string] => pair[1] !== undefined));
  for (let attempt = 1; ; attempt += 1) {
    const answer = await postForm(TOKEN_PATH, basic(agent.id, agent.secret), sent, door);
    if (answer.status !== 503 || attempt === MOST_ATTEMPTS) return answer;
  }
}

export interface Exchanged {
  readonly token: string;
  readonly claims: CallTokenClaims;
  readonly body: TokenResponse;
  /** Verified with the published keys, newest first. */
  readonly receipts: readonly ActorReceipt[];
}

/** Throws unless a token is issued and every receipt in it holds. */
export async function exchanged(agent: Registered, form: Form, door: Door = worker): Promise<Exchanged> {
  const answer = await exchange(agent, form, door);
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  const body = tokenResponse.parse(JSON.parse(answer.text));
  const claims = claimsOf(body.access_token);
  const receipts: ActorReceipt[] = [];
  const keys = await jwks();
  for (const text of claims.actor_receipts ?? []) {
    const receipt = await verifyActorReceipt(text, { issuer: TEST_ISSUER, keys });
    if (!receipt.ok) throw new Error(receipt.error.kind);
    receipts.push(receipt.value);
  }
  return { token: body.access_token, claims, body, receipts };
}

/** Status, `error` and `dome_error` of a refusal in one line. */
export function refusal({ status, text, headers }: OAuthAnswer): string {
  const { error, error_description, dome_error } = oauthError.parse(JSON.parse(text));
  expect(error_description).toMatch(ALLOWED_CHARACTERS);
  expect(headers.get("cache-control")).toBe("no-store");
  return [status, error, dome_error].filter((part) => part !== undefined).join(" ");
}

/** One level of `act`. */
export const actor = (agent: Registered) => ({ iss: TEST_ISSUER, sub: agent.id, sub_profile: "ai_agent" });

/** `count` agents, each of which delegates to every other one, with the same surface. */
export async function peers<const Name extends string>(
  workspace: string,
  names: readonly Name[],
  tier = "standard",
): Promise<Record<Name, Registered>> {
  const api = operator();
  const started = await Promise.all(
    names.map(async (name) => {
      const surface = { tools: ["crm", "mail"], pools: ["fast"], integrations: [] };
      const delegatesTo = names.filter((other) => other !== name);
      return [name, await api.start({ name, workspace, tier, surface, delegates_to: delegatesTo })] as const;
    }),
  );
  return Object.fromEntries(started) as Record<Name, Registered>;
}

/** What `peers` declare. */
export async function catalogOf(workspace: string): Promise<void> {
  const api = operator();
  await api.addTool({ name: "crm", workspace });
  await api.addTool({ name: "mail", workspace });
  await api.addPool({ name: "fast", workspace });
}

/** The token that the last agent holds after every one has acted for the one before it. */
export async function chainOf(first: Registered, ...others: readonly Registered[]): Promise<string> {
  let held = await token(first.secret);
  for (const agent of others) held = (await exchanged(agent, { subject_token: held })).token;
  return held;
}
