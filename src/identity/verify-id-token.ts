/**
 * From an ID token to a verified user, pure over the provider's keys and the time (ID-1 to ID-6, ID-8). A token is
 * accepted only as far as the workspace has configured: its issuer, its algorithm, and its audience for this agent.
 */
import { compactVerify } from "jose";
import { defined } from "../kernel/defined.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { JsonObject } from "../signing/strict-json.ts";
import type { ReadToken } from "./id-token.ts";
import type { ProviderKey } from "./keys.ts";
import type { IdentityProvider, IdentityRefusal, VerifiedUser } from "./provider.ts";
import { SUBJECT_CLAIMS } from "../contract/id-token.ts";
import { userIdOf } from "../contract/user-id.ts";

/** How far a provider's clock may be ahead of Dome's, in seconds (ID-3). */
export const MAX_SKEW_S = 60;
/**
 * The earliest moment, in milliseconds by Dome's clock, at which the provider may have issued the token. The
 * provider's clock may be ahead, and the doubt counts against the token. For checks whether the token is newer than
 * an event in Dome (P3).
 */
export const earliestIssueMs = ({ issuedAt }: Pick<VerifiedUser, "issuedAt">): number =>
  (issuedAt - MAX_SKEW_S) * 1000;

const MAX_SUBJECT_LENGTH = 255;
const MAX_EMAIL_LENGTH = 320;
const MAX_GROUPS = 200;
const MAX_GROUP_LENGTH = 256;

export interface VerifyContext {
  readonly provider: IdentityProvider;
  readonly keys: readonly ProviderKey[];
  readonly workspace: WorkspaceId;
  /** The agent that presents the token; null: not known yet, so that only audiences for the whole workspace count. */
  readonly agent: AgentId | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The provider's own limit, or a lower one. */
  readonly maxAgeSeconds?: number | undefined;
}

export async function verifyIdToken(
  token: ReadToken,
  context: VerifyContext,
): Promise<Result<VerifiedUser, IdentityRefusal>> {
  const { provider, keys } = context;
  if (token.issuer !== provider.issuer) return err({ kind: "unknown_issuer" });
  if (!provider.algorithms.includes(token.algorithm)) return err({ kind: "wrong_algorithm" });
  const key = keyFor(token, keys);
  if (!key.ok) return key;
  try {
    await compactVerify(token.text, key.value.jwk, { algorithms: [token.algorithm] });
  } catch {
    return err({ kind: "bad_signature" }); // also for a key that cannot be imported: it is a stranger's, not ours
  }
  const user = userOf(token.claims, context);
  if (!user.ok) return user;
  const refusal = whyNotNow(user.value, context);
  return refusal === null ? user : err(refusal);
}

/** A token without a key id is tried with the only key that fits; with several, the choice would be a guess. */
function keyFor(token: ReadToken, keys: readonly ProviderKey[]): Result<ProviderKey, IdentityRefusal> {
  const named = token.kid === null ? keys : keys.filter((key) => key.kid === token.kid);
  if (named.length === 0) return err({ kind: "unknown_key" });
  const fitting = named.filter((key) => key.algorithms.includes(token.algorithm));
  const [only, another] = fitting;
  if (only === undefined) return err({ kind: "wrong_algorithm" });
  return another === undefined ? ok(only) : err({ kind: "ambiguous_key" });
}

function userOf(
  claims: JsonObject,
  { provider, workspace, agent }: VerifyContext,
): Result<VerifiedUser, IdentityRefusal> {
  const expiresAt = secondsIn(claims, "exp");
  if (expiresAt === undefined) return err({ kind: "missing_claim", claim: "exp" });
  const issuedAt = secondsIn(claims, "iat");
  if (issuedAt === undefined) return err({ kind: "missing_claim", claim: "iat" });
  const audience = boundAudience(claims, provider, agent);
  if (!audience.ok) return audience;
  const tid = claims["tid"];
  if (provider.tenant !== null && tid !== provider.tenant) return err({ kind: "tenant_mismatch" });
  const { acr } = claims;
  const stepped =
    provider.acrValues.length === 0 || (typeof acr === "string" && provider.acrValues.includes(acr));
  if (!stepped) return err({ kind: "acr_not_met" });
  if (!(SUBJECT_CLAIMS as readonly string[]).includes(provider.subjectClaim))
    return err({ kind: "malformed", why: "mutable_subject_claim" });
  // An `oid` is unique within its tenant, and identifies nobody without it.
  if (provider.subjectClaim === "oid" && (typeof tid !== "string" || tid === ""))
    return err({ kind: "missing_claim", claim: "tid" });
  const subject = claims[provider.subjectClaim];
  if (typeof subject !== "string" || subject === "" || subject.length > MAX_SUBJECT_LENGTH)
    return err({ kind: "missing_claim", claim: provider.subjectClaim });
  if ("nbf" in claims && secondsIn(claims, "nbf") === undefined)
    return err({ kind: "malformed", why: "nbf" });
  const authenticatedAt = secondsIn(claims, "auth_time");
  if (provider.maxAuthAgeSeconds !== null && authenticatedAt === undefined)
    return err({ kind: "missing_claim", claim: "auth_time" });
  const notBefore = secondsIn(claims, "nbf");
  const email = claims[provider.emailClaim];
  const groups = groupsIn(claims, provider.groupsClaim);
  return ok({
    id: userIdOf(workspace, provider.issuer, typeof tid === "string" ? tid : "", subject),
    provider: provider.id,
    providerName: provider.name,
    issuer: provider.issuer,
    subject,
    ...defined({
      // ID-6: an address that nobody has verified may be anything that its holder typed.
      email: claims["email_verified"] === true && isAddress(email) ? email : undefined,
      groups,
      groupsOverage: (groups === undefined && hasOverage(claims, provider.groupsClaim)) || undefined,
    }),
    audience: audience.value,
    mayAct: claims["may_act"],
    issuedAt,
    expiresAt,
    ...defined({ notBefore, authenticatedAt }),
  });
}

/**
 * ID-4: the audience must be bound to this agent, so that a token for one application cannot be used by another. A
 * token for several audiences must name in `azp` the client that it was issued to, and the workspace must know that
 * client.
 */
function boundAudience(
  claims: JsonObject,
  provider: IdentityProvider,
  agent: AgentId | null,
): Result<string, IdentityRefusal> {
  const { aud, azp } = claims;
  const said: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (said.length === 0 || !said.every((each) => typeof each === "string" && each !== ""))
    return err({ kind: "missing_claim", claim: "aud" });
  const forAll = provider.audienceScope === "workspace";
  const bound = provider.audiences
    .filter((each) => (each.agent === null ? forAll : each.agent === agent))
    .map((each) => each.audience)
    .filter((audience) => said.includes(audience));
  const [first] = bound;
  if (first === undefined) return err({ kind: "audience_not_bound" });
  if (azp === undefined) return said.length > 1 ? err({ kind: "azp_not_allowed" }) : ok(first);
  if (typeof azp !== "string") return err({ kind: "azp_not_allowed" });
  if (bound.includes(azp)) return ok(azp);
  return provider.authorizedParties.includes(azp) ? ok(first) : err({ kind: "azp_not_allowed" });
}

/** Conditions that change with time. They are checked at each use, also for a token that was verified before. */
export function whyNotNow(
  user: VerifiedUser,
  { provider, now, maxAgeSeconds }: Pick<VerifyContext, "provider" | "now" | "maxAgeSeconds">,
): IdentityRefusal | null {
  const seconds = now / 1000;
  const maxAge = Math.min(provider.maxAgeSeconds, maxAgeSeconds ?? provider.maxAgeSeconds);
  if (seconds >= user.expiresAt) return { kind: "expired" };
  if (user.issuedAt > seconds + MAX_SKEW_S || (user.notBefore ?? 0) > seconds + MAX_SKEW_S)
    return { kind: "not_yet_valid" };
  if (seconds - user.issuedAt > maxAge) return { kind: "too_old" };
  if (provider.maxAuthAgeSeconds === null) return null;
  const authenticatedAt = user.authenticatedAt ?? 0;
  if (authenticatedAt > seconds + MAX_SKEW_S) return { kind: "not_yet_valid" };
  return seconds - authenticatedAt > provider.maxAuthAgeSeconds ? { kind: "too_old" } : null;
}

function secondsIn(claims: JsonObject, name: string): number | undefined {
  const value = claims[name];
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined;
}

const isAddress = (email: unknown): email is string =>
  typeof email === "string" && email.length >= 3 && email.length <= MAX_EMAIL_LENGTH;

/**
 * Half a list of groups would be another statement than the provider's, so all groups count or none. Several
 * providers write a single group as a string, which is a list of one.
 */
function groupsIn(claims: JsonObject, claim: string | null): readonly string[] | undefined {
  const said = claim === null ? undefined : claims[claim];
  const value = typeof said === "string" && said !== "" ? [said] : said;
  if (!Array.isArray(value) || value.length > MAX_GROUPS) return undefined;
  const groups = value.filter((each): each is string => typeof each === "string");
  const fits = groups.length === value.length && groups.every((each) => each.length <= MAX_GROUP_LENGTH);
  return fits ? groups : undefined;
}

/**
 * True where the user has groups and the token omits them: an aggregated or distributed claim (OpenID Connect Core
 * §5.6.2), which Entra writes above 200 groups; `hasgroups`, its short form; or a list longer than Dome accepts.
 */
function hasOverage(claims: JsonObject, claim: string | null): boolean {
  if (claim === null) return false;
  const said = claims[claim];
  if (Array.isArray(said)) return said.length > MAX_GROUPS;
  if (said !== undefined) return false;
  const elsewhere = claims["_claim_names"];
  if (typeof elsewhere === "object" && elsewhere !== null && Object.hasOwn(elsewhere, claim)) return true;
  const { hasgroups } = claims;
  return claim === "groups" && (hasgroups === true || hasgroups === "true");
}
