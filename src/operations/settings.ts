/** From what a request says about an agent to what the registry stores: references resolved, the missing named. */
import type { Operator } from "../access/operator.ts";
import type { Agent, Surface, Warning } from "../contract/agent.ts";
import { parseReference } from "../contract/resource.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import type { AgentSettings } from "../registry/agent-writes.ts";
import { ancestorsOf, findAgent } from "../registry/agents.ts";
import type { Catalog } from "../registry/catalog.ts";
import { nearMatch } from "../registry/near-match.ts";
import { BUILT_IN_TIERS } from "../tiers/built-in.ts";
import { seesAgent } from "./resolve.ts";
import type { OperationPorts } from "./ports.ts";
import { memberRefusal, shown, type Refusal } from "./refusal.ts";

/** The members of a request that describe an agent; absent ones do not change. */
export interface RequestedSettings {
  readonly contact?: string | null | undefined;
  readonly tier?: string | undefined;
  readonly description?: string | null | undefined;
  readonly labels?: Record<string, string> | undefined;
  readonly parent?: string | null | undefined;
  readonly surface?: Surface | undefined;
  readonly require_actas?: string | null | undefined;
  readonly delegates_to?: string[] | undefined;
  readonly expires_at?: string | null | undefined;
  readonly freshness?: "leased" | "always" | null | undefined;
}

/** Checks and resolves. The first thing that cannot be refuses, with the member at fault. */
export async function resolveSettings(
  ports: OperationPorts,
  operator: Operator,
  workspace: WorkspaceId,
  requested: RequestedSettings,
): Promise<Result<Partial<AgentSettings>, Refusal>> {
  const { tier, parent, expires_at: expiresAt } = requested;
  if (tier !== undefined && !BUILT_IN_TIERS.has(tier)) return err(unknownTier(tier));
  const expiry = expiresAt == null ? expiresAt : Date.parse(expiresAt);
  if (typeof expiry === "number" && expiry <= ports.clock.now()) {
    return err(memberRefusal("invalid_request", "expires_at", "The end date is in the past."));
  }
  const parentId = await resolveParent(ports, operator, workspace, parent);
  if (!parentId.ok) return parentId;
  return ok({
    ...present("contact", requested.contact),
    ...present("tier", tier),
    ...present("description", requested.description),
    ...present("labels", requested.labels),
    ...present("surface", requested.surface),
    ...present("requireActas", requested.require_actas),
    ...present("delegatesTo", requested.delegates_to),
    ...present("freshness", requested.freshness),
    ...present("expiresAt", expiry),
    ...present("parentId", parentId.value),
  });
}

const present = <K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> =>
  value === undefined ? {} : ({ [name]: value } as Record<K, V>);

function unknownTier(tier: string): Refusal {
  const names = [...BUILT_IN_TIERS.keys()];
  const near = nearMatch(tier, names);
  const hint = near === null ? `The tiers are ${names.join(", ")}.` : `Is ${near} meant?`;
  return memberRefusal("unknown_reference", "tier", `There is no tier ${tier}. ${hint}`);
}

/** The parent must exist and run, and so must all of its ancestors: a stopped family takes no new members. */
async function resolveParent(
  ports: OperationPorts,
  operator: Operator,
  workspace: WorkspaceId,
  reference: string | null | undefined,
): Promise<Result<AgentId | null | undefined, Refusal>> {
  if (reference == null) return ok(reference);
  const parent = await findAgent(ports.db, workspace, reference);
  if (parent === undefined || !seesAgent(operator, parent)) {
    return err(
      memberRefusal("unknown_reference", "parent", `The workspace has no such agent${shown(reference)}.`),
    );
  }
  for (const id of [parent.id, ...(await ancestorsOf(ports.db, parent.id))]) {
    const { state } = await ports.owners.agent(id).lease();
    if (state === "active" || state === "provisioned") continue;
    return err(
      memberRefusal(
        "parent_stopped",
        "parent",
        // Whose ancestors further up are, a developer does not learn.
        operator.role === "developer" && id !== parent.id
          ? "An ancestor of this parent does not run. Choose another parent."
          : `The agent ${id}, an ancestor, is ${state}. Resume it first.`,
      ),
    );
  }
  return ok(parent.id);
}

/** What was declared and is not in the catalog: accepted, but every call to it will be denied. */
export function surfaceWarnings(surface: Agent["surface"], catalog: Catalog): Warning[] {
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
          detail: `The catalog has no ${member} ${name}: calls to it will be denied.${near === null ? "" : ` Is ${near} meant?`}`,
          near,
          command: `dome ${member}s add ${name}`,
        };
      });
  });
}
