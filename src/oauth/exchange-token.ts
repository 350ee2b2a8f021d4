/**
 * Token exchange (RFC 8693; design part 8): an agent becomes the current actor for a user or for another agent, or
 * narrows what it holds. The authenticated client is the actor, always (TX-16): a token alone makes nobody anything.
 *
 *   the client has authenticated → the request → the subject and the actor, verified → the hop, narrowed
 *   → its receipt and the token → the record is durable → does the whole chain still stand? → released
 */
import type { Draining } from "../access/authenticate.ts";
import { noteUse } from "../access/authenticate.ts";
import { tokenStateOf } from "../access/token-state.ts";
import type { IdentityRefusal, VerifiedUser } from "../identity/provider.ts";
import { draftRecord } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import type { CallTokenClaims } from "../contract/call-token.ts";
import type { TokenResponse } from "../contract/oauth.ts";
import { delegate, type Hop, type HopRefusal, type Subject } from "../delegation/hop.ts";
import { exchangedClaims, receiptClaims, type NewIds } from "../delegation/issue.ts";
import { signActorReceipt } from "../delegation/receipt.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";
import type { WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { userEpochOf } from "../lifecycle/lease.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import { parseSegment } from "../signing/strict-json.ts";
import { strictestTier } from "../tiers/strictest.ts";
import { mintCallToken } from "../tokens/mint.ts";
import type { ActiveClient, AuthenticatedClient, ClientRefusal } from "./authenticate-client.ts";
import {
  ACCESS_TOKEN_TYPE,
  parseExchange,
  type ExchangeParameters,
  type ExchangeRequestRefusal,
} from "./exchange-request.ts";
import type { TokenPorts } from "./issue-token.ts";
import {
  tokenSubject,
  verifyActorToken,
  verifyOwnToken,
  type ActorRefusal,
  type PresentedRefusal,
} from "./subject-token.ts";
import { knownTarget } from "./target.ts";

export interface ExchangeRequest {
  readonly client: AuthenticatedClient;
  readonly form: ReadonlyMap<string, string>;
  readonly traceparent: string | undefined;
  readonly requestId: string;
  readonly request: NonNullable<AuditDraft["request"]>;
}

/** What could not be judged is not refused. */
type Judged<Kind> = Exclude<Kind, "no_lease" | "draining" | "provider_unavailable">;

export type ExchangeRefusal =
  | ClientRefusal
  | Draining
  | ExchangeRequestRefusal
  | {
      readonly kind: "subject";
      readonly why: Judged<PresentedRefusal["kind"] | IdentityRefusal["kind"]>;
      /** For the trail. */
      readonly detail: string;
    }
  | { readonly kind: "actor"; readonly why: Judged<ActorRefusal["kind"]> }
  | { readonly kind: "hop"; readonly why: HopRefusal };

/** A subject as verified, with what the trail and the token say of it besides. */
interface Verified {
  readonly subject: Subject;
  /** The agents of its chain as registered; none where a user is the subject. */
  readonly records: readonly RegisteredAgent[];
  readonly user: VerifiedUser | null;
  /** Of a subject token of Dome's own: a signing key that is given up meanwhile must not live on in the new token. */
  readonly verifiedUnder: number | undefined;
}

export async function exchangeToken(
  ports: TokenPorts,
  asked: ExchangeRequest,
): Promise<Result<TokenResponse, ExchangeRefusal>> {
  const { key: client, active } = asked.client;
  if (active.draining !== undefined) return err(active.draining);
  const { record, epoch, haltEpoch } = active;

  const parameters = parseExchange(asked.form, ports.issuer);
  if (!parameters.ok) return parameters;
  const { audience } = parameters.value;
  const target = await knownTarget(ports, active, audience);
  if (!target.ok) return target;

  const verified = await verifySubject(ports, active, parameters.value, asked.traceparent);
  if (!verified.ok) return refused(ports, asked, active, null, verified.error);
  const { subject, records, user, verifiedUnder } = verified.value;
  const actor = await verifyActorToken(ports, parameters.value.actorToken, record.id, record.workspaceId);
  if (!actor.ok) return refused(ports, asked, active, subject, actorRefusal(actor.error));

  const now = Math.floor(ports.clock.now() / 1000);
  const limits = strictestTier([record, ...records].map(({ tier }) => tier));
  const hop = delegate(subject, {
    issuer: ports.issuer,
    client: { id: record.id, name: record.name, parentId: record.parentId, epoch, key: client.key },
    scope: parameters.value.scope,
    audience: audience?.url,
    maxDepth: limits.maxDepth,
    maxLifetime: limits.maxLifetime,
    actorExpiresAt: actor.value,
    now,
  });
  if (!hop.ok) return refused(ports, asked, active, subject, { kind: "hop", why: hop.error });

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
    workspace: record.workspaceId,
    name: record.name,
    tier: record.tier,
    haltEpoch,
    userEpoch: await currentUserEpoch(ports, record.workspaceId, subject),
    email: user === null ? held?.email : user.email,
    groups: user === null ? held?.groups : user.groups,
    now,
  };
  const evidence = receiptClaims(subject, hop.value, ids, setting);
  const receipt =
    evidence === undefined ? undefined : await signActorReceipt(evidence, signers.value.receipt);
  const claims = exchangedClaims(subject, hop.value, ids, setting, receipt);
  const token = await mintCallToken(claims, signers.value.token);

  const recorded = await ports.sink.record(
    exchangedRecord(ports, asked, parameters.value, { subject, hop: hop.value, claims, receipt, user }),
  );
  if (!recorded.ok) return err({ kind: "unavailable", why: "audit" });
  const agents = claims.dome.chain.map((link) => link.agent);
  const admitted = await ports.standing.admits(
    {
      ...tokenStateOf(claims, verifiedUnder),
      ...(user === null ? {} : { userIssuedAt: user.issuedAt * 1000 }),
    },
    { agents, workspace: record.workspaceId },
    "leased",
  );
  if (!admitted.ok && admitted.error.kind === "draining") return err(admitted.error);
  if (!admitted.ok && admitted.error.kind === "no_lease") {
    return err({ kind: "unavailable", why: admitted.error.of });
  }
  if (!admitted.ok) {
    // The exchange is in the trail already; that its token was withheld must be, too.
    const withheld = { kind: "subject", why: "unacceptable", detail: admitted.error.kind } as const;
    return refused(ports, asked, active, subject, withheld);
  }
  noteUse(ports, client.key);
  return ok({
    access_token: token,
    issued_token_type: ACCESS_TOKEN_TYPE,
    token_type: "Bearer",
    expires_in: hop.value.lifetime,
    scope: claims.scope,
  });
}

async function verifySubject(
  ports: TokenPorts,
  { record, configEpoch }: ActiveClient,
  { subjectToken, subjectType }: ExchangeParameters,
  traceparent: string | undefined,
): Promise<Result<Verified, ExchangeRefusal>> {
  if (isOwnToken(ports.issuer, subjectType, subjectToken)) {
    const own = await verifyOwnToken(ports, subjectToken, record.workspaceId);
    if (!own.ok) return err(subjectRefusal(own.error));
    const subject = tokenSubject(own.value);
    const { records, verifiedUnder } = own.value;
    if (subject !== undefined) return ok({ subject, records, user: null, verifiedUnder });
    return err({ kind: "subject", why: "unacceptable", detail: "scope" });
  }
  const user = await ports.userTokens.verify({
    workspace: record.workspaceId,
    configEpoch,
    agent: record.id,
    token: subjectToken,
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  if (!user.ok) {
    if (user.error.kind === "provider_unavailable") return err({ kind: "unavailable", why: "provider" });
    return err({ kind: "subject", why: user.error.kind, detail: user.error.kind });
  }
  const { id, provider, mayAct, expiresAt } = user.value;
  const subject = { kind: "user", id, provider, mayAct, expiresAt } as const;
  return ok({ subject, records: [], user: user.value, verifiedUnder: undefined });
}

/**
 * By whose rules a subject token is read. `access_token` means one that this server has issued; `jwt` may also be a
 * provider's (RFC 8693 §3, TX-5), and then the issuer that it names says which: it is verified as that one's or not.
 */
function isOwnToken(issuer: string, type: ExchangeParameters["subjectType"], token: string): boolean {
  if (type !== "jwt") return type === "access_token";
  return parseSegment(token.split(".", 2)[1] ?? "")?.["iss"] === issuer;
}

function subjectRefusal(refusal: PresentedRefusal): ExchangeRefusal {
  if (refusal.kind === "no_lease") return { kind: "unavailable", why: refusal.of };
  if (refusal.kind === "draining") return refusal;
  return { kind: "subject", why: refusal.kind, detail: refusal.why };
}

function actorRefusal(refusal: ActorRefusal): ExchangeRefusal {
  if (refusal.kind === "no_lease") return { kind: "unavailable", why: refusal.of };
  return refusal.kind === "draining" ? refusal : { kind: "actor", why: refusal.kind };
}

async function openSigners(ports: TokenPorts) {
  const token = await ports.signingKeys.signer("token");
  const receipt = await ports.signingKeys.signer("receipt");
  if (!token.ok) return err({ kind: "unavailable", why: token.error.of } as const);
  if (!receipt.ok) return err({ kind: "unavailable", why: receipt.error.of } as const);
  return ok({ token: token.value, receipt: receipt.value });
}

/** What a token for this user has to carry, so that a resume does not revive those from before (P3). */
async function currentUserEpoch(
  ports: TokenPorts,
  workspace: WorkspaceId,
  subject: Subject,
): Promise<number> {
  if (subject.kind === "token") return subject.claims.dome.user_epoch ?? 0;
  const lease = await ports.standing.workspace(workspace);
  return lease.ok ? userEpochOf(lease.value.answer, subject.id) : 0;
}

/** Tokens are named in the trail by their hash: a log of tokens is a store of tokens. */
const hashOf = (token: string): string => toHex(sha256Sync(utf8(token)));

function exchangedRecord(
  ports: TokenPorts,
  asked: ExchangeRequest,
  { subjectToken, subjectType, actorToken }: ExchangeParameters,
  made: {
    readonly subject: Subject;
    readonly hop: Hop;
    readonly claims: CallTokenClaims;
    readonly receipt: string | undefined;
    readonly user: VerifiedUser | null;
  },
): AuditDraft {
  const { subject, hop, claims, receipt } = made;
  const held = subject.kind === "token" ? subject.claims : undefined;
  const user = claims.sub_profile === "user" ? claims.sub : undefined;
  return draftRecord(ports, {
    workspace: claims.dome.workspace,
    kind: "token.exchanged",
    agent: claims.client_id,
    chain: claims.dome.chain,
    ...(user === undefined
      ? {}
      : { user: { id: user, ...(claims.email === undefined ? {} : { email: claims.email }) } }),
    target: { type: "token", id: claims.jti },
    ...(claims.txn === undefined ? {} : { txn: claims.txn }),
    request_id: asked.requestId,
    request: asked.request,
    data: {
      subject_jti: held?.jti ?? null,
      subject_type: subjectType,
      subject_hash: hashOf(subjectToken),
      ...(actorToken === undefined ? {} : { actor_hash: hashOf(actorToken) }),
      scope: claims.scope,
      scope_before: held?.scope ?? null,
      audience: claims.aud,
      audience_before: held?.aud ?? null,
      expires_in: hop.lifetime,
      basis: hop.basis,
      receipt: receipt ?? null,
      path: claims.dome.path,
    },
  });
}

/**
 * A hop that was refused to a client that is known is part of the story: the trail says by whom, from which token, and
 * why. The caller is answered whether the record could be kept or not, because nothing was released.
 */
async function refused(
  ports: TokenPorts,
  asked: ExchangeRequest,
  { record }: ActiveClient,
  subject: Subject | null,
  refusal: ExchangeRefusal,
): Promise<Result<never, ExchangeRefusal>> {
  if (refusal.kind !== "subject" && refusal.kind !== "actor" && refusal.kind !== "hop") return err(refusal);
  const held = subject?.kind === "token" ? subject.claims : undefined;
  const why =
    refusal.kind === "hop" ? refusal.why.kind : refusal.kind === "subject" ? refusal.detail : refusal.why;
  await ports.sink.record(
    draftRecord(ports, {
      workspace: record.workspaceId,
      kind: "token.exchange_refused",
      agent: record.id,
      ...(held === undefined ? {} : { chain: held.dome.chain }),
      ...(held?.txn === undefined ? {} : { txn: held.txn }),
      ...(subject === null ? {} : userOf(subject)),
      reason: `${refusal.kind}_${why}`,
      request_id: asked.requestId,
      request: asked.request,
      data: { subject_jti: held?.jti ?? null },
    }),
  );
  return err(refusal);
}

const userOf = (subject: Subject): Pick<AuditDraft, "user"> => {
  if (subject.kind === "user") return { user: { id: subject.id } };
  return subject.claims.sub_profile === "user" ? { user: { id: subject.claims.sub } } : {};
};
