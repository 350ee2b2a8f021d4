/** What the names in the policies of a bundle are checked against: the catalog, tiers and agents of its workspace. */
import { ok, type Result } from "../../kernel/result.ts";
import type { WorkspaceId } from "../../kernel/ids.ts";
import type { BundleRow } from "../../policy/bundle-reads.ts";
import type { Cedar } from "../../policy/cedar.ts";
import { readBundle } from "../../policy/read-bundle.ts";
import type { PolicyFault } from "../../policy/shape.ts";
import { namedEntities } from "../../policy/named-entities.ts";
import type { PolicyWorld } from "../../policy/policy-world.ts";
import { namesOfAgents } from "../../registry/agents.ts";
import { loadCatalog, type CatalogTool } from "../../registry/catalog.ts";
import type { OperationPorts } from "../request/ports.ts";

/** Whose bundle it is. */
export type BundleOwner = Pick<BundleRow, "id" | "scope" | "workspaceId" | "name">;

/** @returns the faults of a text that cannot be read. */
export async function policyWorld(
  ports: Pick<OperationPorts, "db" | "tiers"> & { readonly cedar: Cedar },
  owner: BundleOwner,
  source: string,
): Promise<Result<PolicyWorld, readonly PolicyFault[]>> {
  const { workspaceId } = owner;
  const tiers = new Set((await ports.tiers()).keys());
  if (workspaceId === null)
    return ok({ tiers, tools: null, pools: null, integrations: null, workspaces: null, agents: null });
  const read = readBundle(ports.cedar, source);
  if (!read.ok) return read;
  const { tools, pools, integrations } = await loadCatalog(ports.db, workspaceId);
  return ok({
    tiers,
    tools: new Map([...tools].map(([name, tool]) => [name, offered(tool)])),
    pools,
    integrations,
    workspaces: new Set([workspaceId]),
    agents: await agentsAmong(ports, workspaceId, namedAgents(read.value)),
  });
}

const offered = ({ upstream, operations, schemas }: CatalogTool) => ({
  kind: upstream?.kind ?? ("local" as const),
  operations,
  schemas,
});

const namedAgents = (bundle: Parameters<typeof namedEntities>[0]): readonly string[] =>
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
