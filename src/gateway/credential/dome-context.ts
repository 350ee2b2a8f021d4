/** The claims of `Dome-Context` for one permitted call, from what was verified and decided about it. */
import { callContext } from "../../access/call-context.ts";
import type { Caller } from "../../access/caller.ts";
import type { DecisionPorts } from "../../access/judge.ts";
import type { SigningKeys } from "../../access/signing-keys.ts";
import {
  CONTEXT_HEADER,
  MAX_CONTEXT_LIFETIME_S,
  type DomeContextClaims,
} from "../../contract/dome-context.ts";
import { defined } from "../../kernel/defined.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Upstream } from "../../registry/upstream.ts";
import { mintDomeContext } from "../../tokens/mint-context.ts";
import type { Permit } from "../call-tool.ts";
import { actingFor } from "./acting.ts";

export interface ContextPorts extends DecisionPorts {
  readonly issuer: string;
  readonly signingKeys: Pick<SigningKeys, "signer">;
}

/** A header has to fit what servers accept, usually 8 KB: the names of more groups than this, in characters, stay out. */
const MOST_GROUPS_TEXT = 2_048;

/** No lease, so no key that may sign: the call fails closed. */
export interface NoContext {
  readonly kind: "context_unsigned";
}

/** The header with the signed context; none where the entry does not ask for it. */
export async function contextHeaders(
  ports: ContextPorts,
  permit: Permit,
  { url, domeContext }: Upstream,
): Promise<Result<Headers, NoContext>> {
  if (domeContext === null) return ok(new Headers());
  const signer = await ports.signingKeys.signer("token");
  const claims = await contextClaims(ports, permit, domeContext.audience ?? url);
  if (!signer.ok || claims === null) return err({ kind: "context_unsigned" });
  return ok(new Headers({ [CONTEXT_HEADER]: await mintDomeContext(claims, signer.value) }));
}

/** @returns null: there is no lease of the workspace. */
async function contextClaims(
  ports: ContextPorts,
  { caller, asked, decided, request, headers }: Permit,
  audience: string,
): Promise<DomeContextClaims | null> {
  const context = await callContext(ports, caller, request.request);
  if (!context.ok) return null;
  const [agent] = caller.agents;
  const { workspaceId, workspaceName, id, name, owner, tier } = agent;
  const iat = Math.floor(ports.clock.now() / 1000);
  return {
    iss: ports.issuer,
    aud: audience,
    ...actingFor(caller, ports.issuer),
    txn: decided.txn,
    iat,
    exp: iat + MAX_CONTEXT_LIFETIME_S,
    jti: ports.ids.next("ctx"),
    dome: {
      workspace: { id: workspaceId, name: workspaceName },
      decision_id: decided.id,
      request_id: request.requestId,
      action: asked.action,
      tool: asked.name,
      operation: asked.part,
      agent: { id, name, owner, tier },
      chain: caller.agents.map((each) => ({ agent: each.id, name: each.name, tier: each.tier })),
      user: caller.user === null ? null : userOf(caller.user, context.value.actas?.provider ?? null),
      request: { ...context.value.request, headers },
      policies: [...decided.policies],
      bundle_version: decided.bundleVersion,
    },
  };
}

function userOf(
  { id, issuer, subject, email, groups, groupsOverage }: NonNullable<Caller["user"]>,
  provider: string | null,
): NonNullable<DomeContextClaims["dome"]["user"]> {
  const fit = groups === undefined || groups.join("").length <= MOST_GROUPS_TEXT;
  return {
    id,
    provider,
    ...defined({
      issuer,
      subject,
      email,
      groups: groups === undefined || !fit ? undefined : [...groups],
      groups_overage: !fit || groupsOverage === true ? (true as const) : undefined,
    }),
  };
}
