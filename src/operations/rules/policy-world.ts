/** What the names in the policies of a bundle are checked against: the catalog, tiers and agents of its workspace. */
import type { WorkspaceId } from "../../kernel/ids.ts";
import type { CompiledBundle } from "../../policy/shape.ts";
import { namedEntities } from "../../policy/named-entities.ts";
import { UNKNOWN_WORLD, type KnownTool, type PolicyWorld } from "../../policy/policy-world.ts";
import { namesOfAgents } from "../../registry/agents.ts";
import { loadCatalog, type CatalogTool } from "../../registry/catalog.ts";
import type { OperationPorts } from "../request/ports.ts";
import type { PolicyScope } from "../request/policy-scope.ts";

/** @param bundle whose names are looked up; those of the organization and of tiers name things of many workspaces. */
export async function policyWorld(
  ports: Pick<OperationPorts, "db" | "tiers">,
  { workspace }: Pick<PolicyScope, "workspace">,
  bundle: CompiledBundle,
): Promise<PolicyWorld> {
  const tiers = new Set((await ports.tiers()).keys());
  if (workspace === null) return { ...UNKNOWN_WORLD, tiers };
  const { tools, pools, integrations } = await loadCatalog(ports.db, workspace.id);
  return {
    tiers,
    tools: new Map([...tools].map(([name, tool]) => [name, offered(tool)])),
    pools,
    integrations,
    workspaces: new Set([workspace.id]),
    agents: await agentsAmong(ports, workspace.id, namedAgents(bundle)),
  };
}

/** @returns what policies may say of a tool. */
export const offered = ({ upstream, operations, schemas }: CatalogTool): KnownTool => ({
  kind: upstream?.kind ?? "local",
  operations,
  schemas,
});

const namedAgents = (bundle: CompiledBundle): readonly string[] =>
  namedEntities(bundle)
    .filter(({ type }) => type === "Dome::Agent")
    .map(({ id }) => id);

async function agentsAmong(
  { db }: Pick<OperationPorts, "db">,
  workspace: WorkspaceId,
  references: readonly string[],
): Promise<NonNullable<PolicyWorld["agents"]>> {
  const rows = references.length === 0 ? [] : await namesOfAgents(db, workspace, references);
  const ids = new Set<string>(rows.map(({ id }) => id));
  const byName = new Map<string, string>(rows.map(({ id, name }) => [name, id]));
  return { has: (id) => ids.has(id), idOf: (name) => byName.get(name) ?? null };
}
