/**
 * Turns the settings in a request into those that the registry stores: references are resolved, and missing ones are
 * named.
 */
import type { Operator } from "../../access/operator.ts";
import type { Agent, AgentPatch, AgentSettingName, Warning } from "../../contract/agent.ts";
import { parseReference } from "../../contract/resource.ts";
import { typedCommand } from "../../contract/typed-command.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { AgentId, WorkspaceId } from "../../kernel/ids.ts";
import {
  AGENT_SETTING_NAMES,
  columnOf,
  type AgentSettings,
  type KeptSetting,
} from "../../registry/agent-settings.ts";
import { findAgent } from "../../registry/agents.ts";
import type { Catalog } from "../../registry/catalog.ts";
import { nearMatch } from "../../kernel/near-match.ts";
import type { Tiers } from "../../tiers/limits.ts";
import { seesAgent } from "../request/resolve.ts";
import { runsFrom } from "./ancestors.ts";
import type { OperationPorts } from "../request/ports.ts";
import { memberRefusal, refusalOf, shown, type Refusal } from "../answer/refusal.ts";

/** The members of a request that describe an agent; an absent member does not change. */
type RequestedSettings = { readonly [M in AgentSettingName]?: AgentPatch[M] };

type Asked<M extends AgentSettingName> = Exclude<AgentPatch[M], undefined>;

interface Context {
  readonly ports: OperationPorts;
  readonly operator: Operator;
  readonly workspace: WorkspaceId;
}

type Resolved<M extends AgentSettingName> = Result<KeptSetting<M>, Refusal>;

/** Resolves each setting, or refuses it. This table does not compile when a setting is missing. */
const RESOLVE: {
  readonly [M in AgentSettingName]: (asked: Asked<M>, context: Context) => Resolved<M> | Promise<Resolved<M>>;
} = {
  contact: ok,
  tier: async (tier, { ports }) => {
    const tiers = await ports.tiers();
    return tiers.has(tier) ? ok(tier) : err(unknownTier(tiers, tier));
  },
  description: ok,
  labels: ok,
  parent: resolveParent,
  surface: ok,
  require_actas: ok,
  delegates_to: ok,
  expires_at: (asked, { ports }) => {
    const end = asked === null ? null : Date.parse(asked);
    if (end === null || end > ports.clock.now()) return ok(end);
    return err(memberRefusal("invalid_request", "expires_at", "The end date is in the past."));
  },
  freshness: ok,
};

/** Checks and resolves the settings. The first fault is the refusal, with its member. */
export async function resolveSettings(
  ports: OperationPorts,
  operator: Operator,
  workspace: WorkspaceId,
  requested: RequestedSettings,
): Promise<Result<Partial<AgentSettings>, Refusal>> {
  const stored: Record<string, unknown> = {};
  for (const name of AGENT_SETTING_NAMES) {
    const asked = requested[name];
    if (asked === undefined) continue;
    const resolved = await RESOLVE[name](asked as never, { ports, operator, workspace });
    if (!resolved.ok) return resolved;
    stored[columnOf(name)] = resolved.value;
  }
  return ok(stored as Partial<AgentSettings>);
}

function unknownTier(tiers: Tiers, tier: string): Refusal {
  const names = [...tiers.keys()];
  const near = nearMatch(tier, names);
  const hint = near === null ? `The tiers are ${names.join(", ")}.` : `Did you mean ${near}?`;
  return memberRefusal("unknown_reference", "tier", `There is no tier ${tier}. ${hint}`);
}

/**
 * Resolves the parent. The parent and all its ancestors must exist and must not be stopped: no agent is added below a
 * stopped one.
 */
async function resolveParent(
  reference: string | null,
  { ports, operator, workspace }: Context,
): Promise<Result<AgentId | null, Refusal>> {
  if (reference === null) return ok(null);
  const parent = await findAgent(ports.db, workspace, reference);
  if (parent === undefined || !seesAgent(operator, parent)) {
    return err(
      memberRefusal("unknown_reference", "parent", `The workspace has no such agent${shown(reference)}.`),
    );
  }
  const run = await runsFrom(ports, parent.id);
  if (run.ok) return ok(parent.id);
  if (run.error.kind === "too_deep") return err(refusalOf({ kind: "rule", rule: "parent_too_deep" }));
  // A developer must not learn of ancestors of other stewards.
  return err(
    operator.role === "developer" && run.error.agent !== parent.id
      ? memberRefusal(
          "parent_stopped",
          "parent",
          "An ancestor of this parent is stopped. Choose another parent.",
        )
      : refusalOf(run.error),
  );
}

/** The surface of an agent, and the name of its workspace. */
type SurfaceOwner = Pick<Agent, "surface" | "workspace">;

/** Warnings for declarations that are not in the catalog: they are accepted, but every call to them is denied. */
export function surfaceWarnings({ surface, workspace }: SurfaceOwner, catalog: Catalog): Warning[] {
  const kinds = [
    { member: "tool", declared: surface.tools, known: [...catalog.tools.keys()] },
    { member: "pool", declared: surface.pools, known: [...catalog.pools.keys()] },
    { member: "integration", declared: surface.integrations, known: [...catalog.integrations] },
  ] as const;
  return kinds.flatMap(({ member, declared, known }) => {
    const names = new Set(declared.map((reference) => parseReference(member, reference)?.name ?? reference));
    return [...names]
      .filter((name) => !known.includes(name))
      .map((name): Warning => {
        const near = nearMatch(name, known);
        return {
          code: "not_in_catalog",
          member: `surface.${member}s`,
          detail: `The catalog has no ${member} ${name}. Dome denies calls to it.${near === null ? "" : ` Did you mean ${near}?`}`,
          near,
          command: typedCommand(workspace, [`${member}s`, "add", name]),
        };
      });
  });
}
