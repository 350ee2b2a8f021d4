/**
 * `client_credentials` (RFC 6749 §4.4): an agent's API key becomes a short-lived call token. The token names the
 * epoch, the key and the halt epoch under which it was minted; any later difference ends it (P3).
 */
import type { TokenResponse } from "../contract/oauth.ts";
import type { AuthenticationPorts, Draining } from "../access/authenticate.ts";
import { noteUse } from "../access/authenticate.ts";
import type { SigningKeys } from "../access/signing-keys.ts";
import { draftRecord } from "../audit/record.ts";
import type { AuditSink } from "../audit/sink.ts";
import type { AuditDraft } from "../contract/audit.ts";
import type { IdSource } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { BUILT_IN_TIERS } from "../tiers/built-in.ts";
import { mintCallToken, selfClaims } from "../tokens/mint.ts";
import { formatScope, SURFACE } from "../contract/scope.ts";
import type { AuthenticatedClient, ClientRefusal } from "./authenticate-client.ts";
import { requestedScope } from "./exchange-request.ts";
import { knownTarget, requestedAudience, type UnknownTarget } from "./target.ts";

export interface TokenPorts extends AuthenticationPorts {
  readonly ids: IdSource;
  readonly signingKeys: SigningKeys;
  readonly sink: AuditSink;
}

export interface TokenRequest {
  readonly client: AuthenticatedClient;
  readonly form: ReadonlyMap<string, string>;
  readonly requestId: string;
  readonly request: NonNullable<AuditDraft["request"]>;
}

export type TokenRequestRefusal =
  | ClientRefusal
  /** The agent takes no new work, and is stopped in `left_ms`. */
  | Draining
  | { readonly kind: "invalid_scope"; readonly detail: string }
  | UnknownTarget;

export async function issueToken(
  ports: TokenPorts,
  request: TokenRequest,
): Promise<Result<TokenResponse, TokenRequestRefusal>> {
  const { key: known, active } = request.client;
  const { epoch, haltEpoch, record, draining } = active;
  if (draining !== undefined) return err(draining);
  const scope = requestedScope(request.form.get("scope"));
  if (!scope.ok) return scope;
  const wanted = requestedAudience(request.form, ports.issuer);
  if (!wanted.ok) return wanted;
  const target = await knownTarget(ports, active, wanted.value);
  if (!target.ok) return target;
  const audience = wanted.value?.url ?? ports.issuer;

  const signer = await ports.signingKeys.signer("token");
  if (!signer.ok) return err({ kind: "unavailable", why: signer.error.of });
  const jti = ports.ids.next("tok");
  const lifetime = BUILT_IN_TIERS.get(record.tier)?.token_ttl_seconds ?? 30;
  const claims = selfClaims({
    issuer: ports.issuer,
    audience,
    scope: formatScope(scope.value ?? SURFACE),
    jti,
    agent: record,
    workspace: record.workspaceId,
    epoch,
    haltEpoch,
    key: known.key,
    lifetime,
    now: ports.clock.now(),
  });
  const token = await mintCallToken(claims, signer.value);

  const evidence = await ports.sink.record(
    draftRecord(ports, {
      workspace: record.workspaceId,
      kind: "token.issued",
      agent: known.agent,
      chain: claims.dome.chain,
      target: { type: "token", id: jti },
      request_id: request.requestId,
      request: request.request,
      data: { key: known.key, scope: claims.scope, audience, expires_in: lifetime },
    }),
  );
  if (!evidence.ok) return err({ kind: "unavailable", why: "audit" });
  const passage = { chain: claims.dome.chain, haltEpoch, path: claims.dome.path };
  const admitted = await ports.standing.admits(
    passage,
    { agents: [known.agent], workspace: record.workspaceId },
    "leased",
  );
  if (!admitted.ok && admitted.error.kind === "draining") return err(admitted.error);
  if (!admitted.ok) return err({ kind: "invalid_client", known: { ...known, why: admitted.error.kind } });
  noteUse(ports, known.key);
  return ok({ access_token: token, token_type: "Bearer", expires_in: lifetime, scope: claims.scope });
}
