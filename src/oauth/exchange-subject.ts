/** The subject of an exchange: the subject token, verified by the rules of its type (RFC 8693 §2.1). */
import type { Subject } from "../delegation/hop.ts";
import type { IdentityRefusal, VerifiedUser } from "../identity/provider.ts";
import { defined } from "../kernel/defined.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import { parseSegment } from "../signing/strict-json.ts";
import type { NoLease } from "../access/lease-client.ts";
import type { Draining } from "../access/release.ts";
import type { ActiveClient } from "./authenticate-client.ts";
import type { ExchangeParameters } from "./exchange-request.ts";
import type { TokenPorts } from "./ports.ts";
import { tokenSubject, verifyOwnToken, type PresentedRefusal } from "./subject-token.ts";

/** A token that could not be judged is undecided, not refused. */
type Judged<Kind> = Exclude<Kind, "no_lease" | "draining" | "provider_unavailable">;

export interface SubjectRefusal {
  readonly kind: "subject";
  readonly why: Judged<PresentedRefusal["kind"] | IdentityRefusal["kind"]>;
  /** For the trail. */
  readonly detail: string;
}

/** A verified subject, with further facts for the trail and the token. */
export interface VerifiedSubject {
  readonly subject: Subject;
  /** The agents of its chain as registered; empty when a user is the subject. */
  readonly agents: readonly RegisteredAgent[];
  readonly user: VerifiedUser | null;
  /**
   * For a subject token of Dome's own: if its signing key is withdrawn meanwhile, the new token must not remain
   * valid.
   */
  readonly verifiedUnder: number | undefined;
}

export async function verifySubject(
  ports: TokenPorts,
  client: ActiveClient,
  { subjectToken, subjectType }: ExchangeParameters,
  traceparent: string | undefined,
): Promise<Result<VerifiedSubject, SubjectRefusal | NoLease | Draining>> {
  return isOwnToken(ports.issuer, subjectType, subjectToken)
    ? callTokenSubject(ports, client, subjectToken)
    : userSubject(ports, client, subjectToken, traceparent);
}

/**
 * Which rules apply to a subject token. `access_token` means one that this server has issued. `jwt` may also be a
 * provider's (RFC 8693 §3, TX-5). Then the issuer in it decides, and the token is verified as that issuer's or
 * refused.
 */
function isOwnToken(issuer: string, type: ExchangeParameters["subjectType"], token: string): boolean {
  if (type !== "jwt") return type === "access_token";
  return parseSegment(token.split(".", 2)[1] ?? "")?.["iss"] === issuer;
}

async function callTokenSubject(
  ports: TokenPorts,
  { agent }: ActiveClient,
  token: string,
): Promise<Result<VerifiedSubject, SubjectRefusal | NoLease | Draining>> {
  const own = await verifyOwnToken(ports, token, agent.workspaceId);
  if (!own.ok) {
    const { error } = own;
    return err(
      error.kind === "unacceptable" ? { kind: "subject", why: error.kind, detail: error.why } : error,
    );
  }
  const subject = tokenSubject(own.value);
  const { agents, verifiedUnder } = own.value;
  if (subject === undefined) return err({ kind: "subject", why: "unacceptable", detail: "scope" });
  return ok({ subject, agents, user: null, verifiedUnder });
}

async function userSubject(
  ports: TokenPorts,
  { agent, configEpoch }: ActiveClient,
  token: string,
  traceparent: string | undefined,
): Promise<Result<VerifiedSubject, SubjectRefusal | NoLease>> {
  const verified = await ports.userTokens.verify({
    workspace: agent.workspaceId,
    configEpoch,
    agent: agent.id,
    token,
    ...defined({ traceparent }),
  });
  if (!verified.ok) {
    const { kind } = verified.error;
    if (kind === "provider_unavailable") return err({ kind: "no_lease", of: "provider" });
    return err({ kind: "subject", why: kind, detail: kind });
  }
  const { id, provider, mayAct, expiresAt } = verified.value;
  const subject = { kind: "user", id, provider, mayAct, expiresAt } as const;
  return ok({ subject, agents: [], user: verified.value, verifiedUnder: undefined });
}
