/**
 * Token exchange (RFC 8693; design part 8): an agent becomes the current actor for a user or for another agent, or
 * narrows its own token. The authenticated client is always the actor (TX-16): a token alone makes nobody an actor.
 *
 *   the client has authenticated → the request → the subject and the actor, verified → the hop, narrowed
 *   → its receipt and the token → released
 */
import type { NoLease } from "../access/lease-client.ts";
import { release, type Draining, type Released, type Withheld } from "../access/release.ts";
import { tokenStateOf } from "../access/token-state.ts";
import type { TokenResponse } from "../contract/oauth.ts";
import { delegate, type Subject } from "../delegation/hop.ts";
import { exchangedClaims, receiptClaims, type NewIds } from "../delegation/issue.ts";
import { signActorReceipt } from "../delegation/receipt.ts";
import type { VerifiedUser } from "../identity/provider.ts";
import { earliestIssueMs } from "../identity/verify-id-token.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { TokenState } from "../lifecycle/admission.ts";
import { userEpochOf } from "../lifecycle/lease.ts";
import type { Signer } from "../signing/jws.ts";
import { limitsOf, type UnknownTier } from "../tiers/limits.ts";
import type { ActiveClient } from "./authenticate-client.ts";
import { exchangedRecord, recordRefusal, type RecordedRefusal } from "./exchange-records.ts";
import {
  ACCESS_TOKEN_TYPE,
  parseExchange,
  type ExchangeParameters,
  type ExchangeRequestRefusal,
} from "./exchange-request.ts";
import { verifySubject, type VerifiedSubject } from "./exchange-subject.ts";
import { endOfChain, mintToken, type TokenTooLarge } from "./mint-token.ts";
import type { TokenPorts, TokenRequest } from "./ports.ts";
import { verifyActorToken } from "./subject-token.ts";
import { knownTarget } from "./target.ts";

export type ExchangeRefusal =
  Draining | ExchangeRequestRefusal | UnknownTier | RecordedRefusal | TokenTooLarge | Withheld;

export async function exchangeToken(
  ports: TokenPorts,
  asked: TokenRequest,
): Promise<Result<Released<TokenResponse>, ExchangeRefusal>> {
  const { client } = asked;
  const { agent, draining } = client;
  if (draining !== undefined) return err(draining);

  const parameters = parseExchange(asked.form, ports.issuer);
  if (!parameters.ok) return parameters;
  const target = await knownTarget(ports, client, parameters.value.audience);
  if (!target.ok) return target;

  const verified = await verifySubject(ports, client, parameters.value, asked.traceparent);
  if (!verified.ok) {
    const { error } = verified;
    return error.kind === "subject" ? recordRefusal(ports, asked, agent, null, error) : err(error);
  }
  const { subject } = verified.value;
  const actor = await verifyActorToken(ports, parameters.value.actorToken, agent.id, agent.workspaceId);
  if (!actor.ok) {
    const { error } = actor;
    if (error.kind === "no_lease" || error.kind === "draining") return err(error);
    return recordRefusal(ports, asked, agent, subject, { kind: "actor", why: error.kind });
  }

  const hop = await narrow(ports, client, verified.value, parameters.value, actor.value);
  if (!hop.ok) {
    return hop.error.kind === "hop" ? recordRefusal(ports, asked, agent, subject, hop.error) : err(hop.error);
  }
  const made = await makeToken(ports, client, verified.value, hop.value);
  if (!made.ok) return made;
  const { claims, receipt, token } = made.value;

  return release<TokenResponse>(ports, {
    value: {
      access_token: token,
      issued_token_type: ACCESS_TOKEN_TYPE,
      token_type: "Bearer",
      expires_in: hop.value.lifetime,
      scope: claims.scope,
    },
    evidence: exchangedRecord(ports, asked, parameters.value, {
      subject,
      hop: hop.value,
      claims,
      receipt,
      user: verified.value.user,
    }),
    state: stateOf(verified.value, tokenStateOf(claims, verified.value.verifiedUnder)),
    // Every use of the token is checked as often as the tiers require; getting one is not a use.
    freshness: "leased",
  });
}

/** The hop within the limits of every agent that would take part, and before every known expiry. */
async function narrow(
  ports: TokenPorts,
  { agent, link }: ActiveClient,
  { subject, agents }: VerifiedSubject,
  { scope, audience }: ExchangeParameters,
  actorExpiresAt: number | undefined,
) {
  const chain = [agent, ...agents];
  const limits = limitsOf(ports.tiers, chain);
  if (!limits.ok) return limits;
  const links = [link, ...(subject.kind === "token" ? subject.claims.dome.chain : [])];
  const end = await endOfChain(ports.leases, links, chain);
  if (!end.ok) return end;
  const now = Math.floor(ports.clock.now() / 1000);
  const hop = delegate(subject, {
    issuer: ports.issuer,
    client: { id: agent.id, name: agent.name, parentId: agent.parentId, epoch: link.epoch, key: link.key },
    scope,
    audience: audience?.url,
    maxDepth: limits.value.maxDepth,
    maxLifetime: Math.min(limits.value.maxLifetime, end.value - now),
    actorExpiresAt,
    now,
  });
  return hop.ok ? ok({ ...hop.value, now }) : err({ kind: "hop", why: hop.error } as const);
}

async function makeToken(
  ports: TokenPorts,
  { agent, haltEpoch }: ActiveClient,
  { subject, user }: VerifiedSubject,
  hop: Extract<Awaited<ReturnType<typeof narrow>>, { ok: true }>["value"],
) {
  const signers = await openSigners(ports);
  if (!signers.ok) return signers;
  const ids: NewIds = {
    jti: ports.ids.next("tok"),
    receipt: ports.ids.next("rct"),
    txn: ports.ids.next("txn"),
  };
  const held = subject.kind === "token" ? subject.claims : undefined;
  const setting = {
    issuer: ports.issuer,
    workspace: agent.workspaceId,
    name: agent.name,
    tier: agent.tier,
    haltEpoch,
    userEpoch: await currentUserEpoch(ports, agent.workspaceId, subject),
    email: user === null ? held?.email : user.email,
    groups: user === null ? held?.groups : user.groups,
    now: hop.now,
  };
  const evidence = receiptClaims(subject, hop, ids, setting);
  const receipt =
    evidence === undefined ? undefined : await signActorReceipt(evidence, signers.value.receipt);
  const claims = exchangedClaims(subject, hop, ids, setting, receipt);
  const token = await mintToken(claims, signers.value.token);
  return token.ok ? ok({ claims, receipt, token: token.value }) : token;
}

async function openSigners(
  ports: TokenPorts,
): Promise<Result<{ readonly token: Signer; readonly receipt: Signer }, NoLease>> {
  const token = await ports.signingKeys.signer("token");
  if (!token.ok) return token;
  const receipt = await ports.signingKeys.signer("receipt");
  return receipt.ok ? ok({ token: token.value, receipt: receipt.value }) : receipt;
}

/** The epoch that a token for this user must carry, so that a resume does not revive older tokens (P3). */
async function currentUserEpoch(
  ports: TokenPorts,
  workspace: ActiveClient["agent"]["workspaceId"],
  subject: Subject,
): Promise<number> {
  if (subject.kind === "token") return subject.claims.dome.user_epoch ?? 0;
  const lease = await ports.leases.workspace(workspace);
  return lease.ok ? userEpochOf(lease.value.answer, subject.id) : 0;
}

/** The new token's state. For a user also the age of the provider's token, which must be newer than a resume. */
const stateOf = ({ user }: { readonly user: VerifiedUser | null }, state: TokenState): TokenState =>
  user === null ? state : { ...state, userIssuedAt: earliestIssueMs(user) };
