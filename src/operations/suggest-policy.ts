/**
 * Suggests to narrow an agent to what it uses, from the days of the last uses: as a surface, and as policies that forbid the
 * rest. It reads no ledger. What is too young to tell is left alone.
 */
import type { Surface } from "../contract/agent.ts";
import type { PolicySuggestion, SuggestedItem, SuggestionQuery } from "../contract/suggestion.ts";
import { toolOf } from "../contract/resource.ts";
import { typedCommand } from "../contract/typed-command.ts";
import { dateOf, dateOrNull, dayOf } from "../kernel/day.ts";
import { ok, type Result } from "../kernel/result.ts";
import { readBundle } from "../policy/read-bundle.ts";
import { validateBundle } from "../policy/validate-bundle.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import { loadCatalog, type Catalog } from "../registry/catalog.ts";
import type { DeclaredItem } from "../registry/declared-items.ts";
import type { Refusal } from "./answer/refusal.ts";
import type { OperatorRequest } from "./request/ports.ts";
import { agentFor } from "./request/resolve.ts";
import type { FittingPorts } from "./rules/fitting-policies.ts";
import { policyWorld } from "./rules/policy-world.ts";

const DEFAULT_DAYS = 30;

export async function suggestPolicy(
  ports: FittingPorts,
  request: OperatorRequest,
  agent: string,
  { workspace, since }: SuggestionQuery,
): Promise<Result<PolicySuggestion, Refusal>> {
  const found = await agentFor(ports.db, request.operator, agent, workspace);
  if (!found.ok) return found;
  const row = found.value;
  const sinceDay = since === undefined ? dayOf(ports.clock.now()) - DEFAULT_DAYS : dayOf(Date.parse(since));
  const isUsed = (item: DeclaredItem): boolean => item.usedOn !== null && item.usedOn >= sinceDay;
  const isOld = ({ declaredOn }: DeclaredItem): boolean => declaredOn !== null && declaredOn <= sinceDay;
  const idle = row.items.filter((item) => !isUsed(item) && !partsOf(row, item).some(isUsed));
  const unused = idle.filter(isOld);
  const known = row.items.flatMap(({ declaredOn }) => declaredOn ?? []);
  const kept = row.items.filter((item) => !unused.includes(item));
  return ok({
    agent: row.id,
    name: row.name,
    workspace: row.workspaceName,
    since: dateOf(sinceDay),
    known_from: known.length === 0 ? null : dateOf(Math.min(...known)),
    unused: unused.map(shown),
    young: idle.filter((item) => !isOld(item)).map(shown),
    surface: surfaceOf(kept),
    command: unused.length === 0 ? null : narrowingCommand(row, unused),
    policy: await policyOf(ports, row, unused, sinceDay),
    would_deny: unused
      .flatMap((item) => [item, ...partsOf(row, item)])
      .filter(isUsed)
      .map(shown),
  });
}

/** The declared parts of a declared whole: who forbids the whole forbids them. */
const partsOf = ({ items }: RegisteredAgent, { kind, name }: DeclaredItem): readonly DeclaredItem[] =>
  items.filter((item) => item.kind === kind && item.name.startsWith(`${name}/`));

const shown = ({ kind, name, declaredOn, usedOn }: DeclaredItem): SuggestedItem => ({
  kind,
  name,
  declared_on: dateOrNull(declaredOn),
  last_used_on: dateOrNull(usedOn),
});

function surfaceOf(items: readonly DeclaredItem[]): Surface {
  const of = (kind: DeclaredItem["kind"]): string[] =>
    items.filter((item) => item.kind === kind).map(({ name }) => name);
  return { tools: of("tool"), pools: of("pool"), integrations: of("integration") };
}

/** The command that takes items out of an agent's surface. */
export const narrowingCommand = (
  { name, workspaceName }: Pick<RegisteredAgent, "name" | "workspaceName">,
  unused: readonly Pick<DeclaredItem, "kind" | "name">[],
): string =>
  typedCommand(workspaceName, [
    "agents",
    "update",
    name,
    ...unused.flatMap((item) => [`--remove-${item.kind}`, item.name]),
  ]);

/** Checked as a push checks it; what the catalog does not have is left out, because a policy about it would be refused. */
async function policyOf(
  ports: FittingPorts,
  { workspaceId, workspaceName }: RegisteredAgent,
  unused: readonly DeclaredItem[],
  since: number,
): Promise<string | null> {
  const catalog = await loadCatalog(ports.db, workspaceId);
  const heads = unused.flatMap((item) => headOf(catalog, item));
  if (heads.length === 0) return null;
  const text = heads
    .map(
      (head, at) =>
        `@id("unused-${at + 1}")\n@reason("Not used since ${dateOf(since)}.")\nforbid (principal, action, ${head});\n`,
    )
    .join("\n");
  const read = readBundle(ports.cedar, text);
  const world = read.ok
    ? await policyWorld(ports, { workspace: { id: workspaceId, name: workspaceName } }, read.value)
    : null;
  const isValid = read.ok && world !== null && validateBundle(ports.cedar, read.value, world).ok;
  if (!isValid) throw new Error("a suggested policy is not valid");
  return text;
}

const TOOL_TYPES = { mcp: "MCPTool", http: "HTTPRoute", local: "LocalTool" } as const;

/** The head of a policy about an item; none when the catalog lacks it. */
function headOf(catalog: Catalog, { kind, name }: DeclaredItem): readonly string[] {
  const text = JSON.stringify(name);
  const whole = toolOf(name);
  const isWhole = whole === name;
  if (kind === "integration")
    return catalog.integrations.has(name) ? [`resource == Dome::Integration::${text}`] : [];
  if (kind === "pool") {
    const models = catalog.pools.get(whole)?.models;
    if (models === undefined) return [];
    if (isWhole) return [`resource in Dome::Pool::${text}`];
    return models === null || models.includes(name.slice(whole.length + 1))
      ? [`resource == Dome::LLMModel::${text}`]
      : [];
  }
  const tool = catalog.tools.get(whole);
  if (tool === undefined) return [];
  if (isWhole) return [`resource in Dome::Tool::${text}`];
  const isOffered = tool.operations === null || tool.operations.includes(name.slice(whole.length + 1));
  return isOffered ? [`resource == Dome::${TOOL_TYPES[tool.upstream?.kind ?? "local"]}::${text}`] : [];
}
