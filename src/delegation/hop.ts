/**
 * One hop of a chain as pure rules (RFC 8693; design part 8): which agent becomes the current actor for which
 * subject, and with how much less. Nothing here verifies a token; the inputs are verified facts. A hop can only
 * narrow (P6): scope, audience and lifetime stay or shrink, `sub` and `txn` stay, no actor is dropped, and no agent
 * appears in a chain twice.
 */
import { narrowsAudience } from "../contract/audience.ts";
import { MAX_PATH, type Act, type CallTokenClaims } from "../contract/call-token.ts";
import { narrows, type Scope } from "../contract/scope.ts";
import type { AgentId, Id, KeyId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";

type Links = CallTokenClaims["dome"]["chain"];

/** The agent that would become the current actor: the authenticated client (TX-16). */
export interface Client {
  readonly id: AgentId;
  readonly name: string;
  readonly parentId: AgentId | null;
  readonly epoch: number;
  readonly key: KeyId;
}

/** The authority that is handed on: a verified call token of Dome's own. */
export interface TokenSubject {
  readonly kind: "token";
  readonly claims: CallTokenClaims;
  readonly scope: Scope;
  /** The outermost actor, or the subject when it is an agent. Only this agent can grant the hop. */
  readonly delegator: {
    readonly id: AgentId;
    readonly name: string;
    readonly delegatesTo: readonly string[];
  };
}

/** Or a user verified by an identity provider, for an audience that is bound to the client. */
interface UserSubject {
  readonly kind: "user";
  readonly id: string;
  readonly provider: Id<"idp">;
  /** The token's own `may_act` (RFC 8693 §4.4), unchanged. */
  readonly mayAct: unknown;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

export type Subject = TokenSubject | UserSubject;

/** The hop that is requested. `scope`, `audience`: undefined where the request leaves them out. */
export interface HopRequest {
  readonly issuer: string;
  readonly client: Client;
  readonly scope: Scope | undefined;
  readonly audience: string | undefined;
  /** The strictest limit of the tiers of all agents that would take part. */
  readonly maxDepth: number;
  /** Seconds; the strictest of the tiers. */
  readonly maxLifetime: number;
  /** Of the actor token, in seconds since the epoch; undefined without one. */
  readonly actorExpiresAt: number | undefined;
  /** Seconds since the epoch. */
  readonly now: number;
}

/**
 * The contents of the new token. `basis` is null where the holder only narrows its own token: that is no hop, and
 * adds no actor.
 */
export interface Hop {
  readonly basis: "delegates_to" | "parent" | `idp:${string}` | null;
  readonly sub: string;
  readonly act: Act | undefined;
  readonly chain: Links;
  readonly scope: Scope;
  readonly audience: string;
  readonly lifetime: number;
}

export type HopRefusal =
  /** The subject token names who may act, and the client is not named (TX-33). */
  | { readonly kind: "may_act" }
  /** The delegator does not list the client in `delegates_to`, and the client is not its child (TX-37). */
  | { readonly kind: "no_basis"; readonly delegator: string }
  | { readonly kind: "loop" }
  | { readonly kind: "too_deep"; readonly most: number }
  /** The subject token has as many ancestors as a token can name. */
  | { readonly kind: "path_too_long"; readonly most: number }
  | { readonly kind: "scope_wider" }
  | { readonly kind: "audience_wider" }
  | { readonly kind: "nothing_left" };

/** All of the user's authority, limited to what the agents of the chain declare. */
const WHOLE: Scope = [{ kind: "surface" }];

export function delegate(subject: Subject, wanted: HopRequest): Result<Hop, HopRefusal> {
  const basis = basisOf(subject, wanted);
  if (!basis.ok) return basis;
  const parties = partiesOf(subject, wanted, basis.value === null);
  if (!parties.ok) return parties;
  if (parties.value.chain.length > wanted.maxDepth) return err({ kind: "too_deep", most: wanted.maxDepth });
  if (subject.kind === "token" && subject.claims.dome.path.length >= MAX_PATH) {
    return err({ kind: "path_too_long", most: MAX_PATH });
  }

  const held = subject.kind === "token" ? subject.scope : WHOLE;
  const scope = wanted.scope ?? held;
  if (!narrows(scope, held)) return err({ kind: "scope_wider" });

  const reached = subject.kind === "token" ? subject.claims.aud : wanted.issuer;
  const audience = wanted.audience ?? reached;
  if (!narrowsAudience(audience, reached, wanted.issuer)) return err({ kind: "audience_wider" });

  const lifetime = lifetimeOf(subject, wanted);
  if (lifetime < 1) return err({ kind: "nothing_left" });
  return ok({ basis: basis.value, ...parties.value, scope, audience, lifetime });
}

function basisOf(subject: Subject, { client, issuer }: HopRequest): Result<Hop["basis"], HopRefusal> {
  if (subject.kind === "user") {
    return mayAct(subject.mayAct, client.id, issuer)
      ? ok(`idp:${subject.provider}` as const)
      : err({ kind: "may_act" });
  }
  const { delegator } = subject;
  if (delegator.id === client.id) return ok(null);
  if (delegator.delegatesTo.includes(client.name)) return ok("delegates_to");
  if (client.parentId === delegator.id) return ok("parent");
  return err({ kind: "no_basis", delegator: delegator.name });
}

/**
 * `may_act` only narrows: a client that it does not name must not act. When it is absent, the binding of the
 * audience alone decides. It names an agent of Dome's by Dome's issuer; the same name under another issuer is
 * somebody else.
 */
export function mayAct(claim: unknown, client: AgentId, issuer: string): boolean {
  if (claim === undefined) return true;
  if (typeof claim !== "object" || claim === null || Array.isArray(claim)) return false;
  const { sub, iss = issuer } = claim as { sub?: unknown; iss?: unknown };
  return sub === client && iss === issuer;
}

function partiesOf(
  subject: Subject,
  { client, issuer }: HopRequest,
  narrowsOnly: boolean,
): Result<Pick<Hop, "sub" | "act" | "chain">, HopRefusal> {
  const link = { agent: client.id, epoch: client.epoch, key: client.key };
  const actor = { iss: issuer, sub: client.id, sub_profile: "ai_agent" as const };
  if (subject.kind === "user") return ok({ sub: subject.id, act: actor, chain: [link] });
  const { sub, act, dome } = subject.claims;
  if (narrowsOnly) return ok({ sub, act, chain: dome.chain });
  if (dome.chain.some(({ agent }) => agent === client.id)) return err({ kind: "loop" });
  return ok({ sub, act: act === undefined ? actor : { ...actor, act }, chain: [link, ...dome.chain] });
}

function lifetimeOf(subject: Subject, { maxLifetime, actorExpiresAt, now }: HopRequest): number {
  const ends = subject.kind === "token" ? subject.claims.exp : subject.expiresAt;
  return Math.min(maxLifetime, ends - now, (actorExpiresAt ?? Infinity) - now);
}
