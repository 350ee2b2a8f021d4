/**
 * `client_credentials` (RFC 6749 §4.4): exchanges an agent's API key for a short-lived call token. The token
 * carries the epoch, the key and the halt epoch under which it was minted. Any later difference invalidates it
 * (P3).
 *
 *   the client has authenticated → scope and target → the token → released
 */
import { release, type Draining, type Released, type Withheld } from "../access/release.ts";
import { tokenStateOf } from "../access/token-state.ts";
import { draftRecord } from "../audit/record.ts";
import type { TokenResponse } from "../contract/oauth.ts";
import { formatScope, SURFACE } from "../contract/scope.ts";
import { err, type Result } from "../kernel/result.ts";
import { limitsOf, type UnknownTier } from "../tiers/limits.ts";
import { selfClaims } from "../tokens/mint.ts";
import { requestedScope } from "./exchange-request.ts";
import { endOfChain, mintToken, type TokenTooLarge } from "./mint-token.ts";
import type { TokenPorts, TokenRequest } from "./ports.ts";
import { knownTarget, requestedAudience, type UnknownTarget } from "./target.ts";

export type TokenRequestRefusal =
  | Draining
  | { readonly kind: "invalid_scope"; readonly detail: string }
  | UnknownTarget
  | UnknownTier
  /** The key or the agent ends within a second. */
  | { readonly kind: "nothing_left" }
  | TokenTooLarge
  | Withheld;

export async function issueToken(
  ports: TokenPorts,
  asked: TokenRequest,
): Promise<Result<Released<TokenResponse>, TokenRequestRefusal>> {
  const { agent, link, haltEpoch, draining } = asked.client;
  if (draining !== undefined) return err(draining);
  const scope = requestedScope(asked.form.get("scope"));
  if (!scope.ok) return scope;
  const wanted = requestedAudience(asked.form, ports.issuer);
  if (!wanted.ok) return wanted;
  const target = await knownTarget(ports, asked.client, wanted.value);
  if (!target.ok) return target;
  const limits = limitsOf(ports.tiers, [agent]);
  if (!limits.ok) return limits;

  const signer = await ports.signingKeys.signer("token");
  if (!signer.ok) return signer;
  const end = await endOfChain(ports.leases, [link], [agent]);
  if (!end.ok) return end;
  const now = ports.clock.now();
  const lifetime = Math.min(limits.value.maxLifetime, end.value - Math.floor(now / 1000));
  if (lifetime < 1) return err({ kind: "nothing_left" });
  const claims = selfClaims({
    issuer: ports.issuer,
    audience: wanted.value?.url ?? ports.issuer,
    scope: formatScope(scope.value ?? SURFACE),
    jti: ports.ids.next("tok"),
    agent,
    workspace: agent.workspaceId,
    epoch: link.epoch,
    haltEpoch,
    key: link.key,
    lifetime,
    now,
  });
  const token = await mintToken(claims, signer.value);
  if (!token.ok) return token;

  return release<TokenResponse>(ports, {
    value: { access_token: token.value, token_type: "Bearer", expires_in: lifetime, scope: claims.scope },
    evidence: draftRecord(ports, {
      workspace: agent.workspaceId,
      kind: "token.issued",
      agent: agent.id,
      chain: claims.dome.chain,
      target: { type: "token", id: claims.jti },
      request_id: asked.requestId,
      request: asked.request,
      data: { key: link.key, scope: claims.scope, audience: claims.aud, expires_in: lifetime },
    }),
    state: tokenStateOf(claims),
    // Every use of the token is checked as often as the tier requires; getting one is not a use.
    freshness: "leased",
  });
}
