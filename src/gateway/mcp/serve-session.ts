/**
 * The session of a legacy client at a door: where it is, and how it begins at the door of all servers. At the door of one
 * server it begins with that server (`begin-session.ts`).
 */
import type { Caller } from "../../access/caller.ts";
import { release, type Withheld } from "../../access/release.ts";
import type { DecisionId } from "../../kernel/ids.ts";
import type { Random } from "../../kernel/random.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { initializeResult, spokenVersion } from "../../mcp/capabilities.ts";
import type { RpcRequest } from "../../mcp/message.ts";
import type { DerivedKeys } from "../../secrets/root-key.ts";
import { freshnessOf, limitsOf } from "../../tiers/limits.ts";
import type { ClientAnswer } from "./client-request.ts";
import type { McpPorts } from "./door-view.ts";
import { sealSession } from "./sessions/client-session.ts";

export type SessionPorts = McpPorts & {
  readonly derived: DerivedKeys;
  readonly random: Random;
};

/** The path of the door of all servers. */
export const ALL = "/mcp";

/** The door's path, as a session is sealed for it. */
export const doorOf = (tool: string): string => `/mcp/${tool}`;

/** A session that begins, or what is answered in place of one. */
export type Begun =
  | {
      readonly kind: "begun";
      readonly text: string;
      readonly session: string;
      readonly decision: DecisionId | null;
    }
  | { readonly kind: "answer"; readonly answer: ClientAnswer };

/** The absolute end of a session that begins now, in milliseconds since the epoch. */
export function endOfSession({ tiers, clock }: SessionPorts, { agents }: Caller): number {
  const limits = limitsOf(tiers, agents);
  return clock.now() + (limits.ok ? limits.value.maxSessionSeconds : 0) * 1000;
}

/** The session of a legacy client at the door of all servers. It is with Dome alone: none of a server is in it. */
export async function beginSessionWithAll(
  ports: SessionPorts,
  caller: Caller,
  { id, params }: RpcRequest,
): Promise<Result<Begun, Withheld>> {
  const until = endOfSession(ports, caller);
  const version = spokenVersion(params["protocolVersion"]);
  const session = await sealSession(ports, { door: ALL, caller }, { until, version, servers: {} });
  if (session === null) throw new Error("a session without servers is too long");
  const capabilities = { tools: {}, prompts: {}, resources: {}, completions: {} };
  const result = initializeResult({ version, capabilities, era: "modern", tool: null });
  const admitted = await stands(ports, caller);
  const text = JSON.stringify({ jsonrpc: "2.0", id, result });
  return admitted.ok ? ok({ kind: "begun", text, session, decision: null }) : admitted;
}

/** Whether the caller may be answered at this moment. What reaches no server leaves no record. */
export async function stands(
  ports: SessionPorts,
  { state, agents }: Caller,
): Promise<Result<void, Withheld>> {
  const freshness = freshnessOf(limitsOf(ports.tiers, agents));
  const released = await release(ports, { value: null, state, freshness, evidence: null });
  return released.ok ? ok(undefined) : released;
}
