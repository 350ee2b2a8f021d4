/**
 * The session of a legacy client at a door: where it is, and until when. How it begins says `begin-session.ts` for the
 * door of one server, and `begin-session-with-all.ts` for that of all.
 */
import type { Caller } from "../../access/caller.ts";
import { release, type Unserved } from "../../access/release.ts";
import type { DecisionId } from "../../kernel/ids.ts";
import type { Random } from "../../kernel/random.ts";
import { ok, type Result } from "../../kernel/result.ts";
import type { DerivedKeys } from "../../secrets/root-key.ts";
import type { Work } from "../../lifecycle/admission.ts";
import { freshnessOf, limitsOf } from "../../tiers/limits.ts";
import type { ClientAnswer } from "./client-request.ts";
import type { McpPorts } from "./door-view.ts";

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

/** Whether the caller may be answered at this moment. What reaches no server leaves no record. */
export async function stands(
  ports: SessionPorts,
  { state, agents }: Caller,
  work: Work = "new",
): Promise<Result<void, Unserved>> {
  const freshness = freshnessOf(limitsOf(ports.tiers, agents));
  const released = await release(ports, { value: null, state, freshness, evidence: null, work });
  return released.ok ? ok(undefined) : released;
}
