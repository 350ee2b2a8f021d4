/** What the names in a bundle are held against: a policy about a tool that is not there would seem to protect something. */
import { nearMatch } from "../kernel/near-match.ts";
import type { JsonSchema } from "./argument-shape.ts";
import { placeIn, Places } from "./places.ts";
import type { CompiledPolicy, EntityRef, PolicyFault } from "./shape.ts";

export interface KnownTool {
  readonly kind: "mcp" | "http" | "local";
  /** Null: any. */
  readonly operations: readonly string[] | null;
  /** The schema of each operation's arguments. */
  readonly schemas: ReadonlyMap<string, JsonSchema>;
}

/** Null: it is not known here, as offline, or where a bundle is of more than one workspace; then it is not checked. */
export interface PolicyWorld {
  readonly tools: ReadonlyMap<string, KnownTool> | null;
  readonly pools: ReadonlyMap<string, { readonly models: readonly string[] | null }> | null;
  readonly integrations: ReadonlySet<string> | null;
  readonly tiers: ReadonlySet<string> | null;
  /** Ids. */
  readonly workspaces: ReadonlySet<string> | null;
  readonly agents: {
    has(id: string): boolean;
    /** Of an agent that a policy named by its name; null: there is none. */
    idOf(name: string): string | null;
  } | null;
}

/** The parts of `zendesk/create_ticket`; null: it is no operation. */
export function operationOf(reference: string): { readonly name: string; readonly operation: string } | null {
  const slash = reference.indexOf("/");
  return slash < 1 ? null : { name: reference.slice(0, slash), operation: reference.slice(slash + 1) };
}

const ENTRY_TYPES: Readonly<Record<"tool" | "pool" | "integration", readonly string[]>> = {
  tool: ["Dome::Tool", "Dome::MCPTool", "Dome::HTTPRoute", "Dome::LocalTool"],
  pool: ["Dome::Pool", "Dome::LLMModel"],
  integration: ["Dome::Integration"],
};

/** Whether a name is that of an entry of the catalog, or of a part of one. */
export const namesEntry = ({ type, id }: EntityRef, kind: keyof typeof ENTRY_TYPES, name: string): boolean =>
  ENTRY_TYPES[kind].includes(type) && (id === name || id.startsWith(`${name}/`));

/** What a world says of a name: where two worlds say the same, a policy is as valid in one as in the other. */
export function factsOf(ref: EntityRef, world: PolicyWorld): string {
  const operation = operationOf(ref.id);
  const schema =
    operation === null ? null : world.tools?.get(operation.name)?.schemas.get(operation.operation);
  return JSON.stringify([unknownName(ref, world)?.message ?? null, schema ?? null]);
}

/** Where nothing is known, and nothing is checked. */
export const UNKNOWN_WORLD: PolicyWorld = {
  tools: null,
  pools: null,
  integrations: null,
  tiers: null,
  workspaces: null,
  agents: null,
};

export const nameFaults = (policy: CompiledPolicy, world: PolicyWorld): readonly PolicyFault[] =>
  policy.names.flatMap((ref) => {
    const said = unknownName(ref, world);
    return said === null ? [] : [{ ...placeOf(policy, ref), policy: policy.id, ...said }];
  });

type Said = Pick<PolicyFault, "message" | "hint">;

const TOOL_TYPES = { "Dome::MCPTool": "mcp", "Dome::HTTPRoute": "http", "Dome::LocalTool": "local" } as const;

function unknownName(ref: EntityRef, world: PolicyWorld): Said | null {
  const { type, id } = ref;
  switch (type) {
    case "Dome::MCPTool":
    case "Dome::HTTPRoute":
    case "Dome::LocalTool":
      return world.tools === null ? null : operationFault(type, id, world.tools);
    case "Dome::Tool":
      return missing(ref, "tool", world.tools?.keys(), "dome tools list shows those of the workspace.");
    case "Dome::Pool":
      return missing(ref, "pool", world.pools?.keys(), "dome pools list shows those of the workspace.");
    case "Dome::LLMModel":
      return world.pools === null ? null : modelFault(id, world.pools);
    case "Dome::Integration":
      return missing(ref, "integration", world.integrations, "dome integrations list shows them.");
    case "Dome::Tier":
      return missing(ref, "tier", world.tiers, "dome tiers list shows them.");
    case "Dome::Workspace":
      return missing(ref, "workspace", world.workspaces, "Workspaces are named by id: dome workspaces list.");
    case "Dome::Agent":
      return agentFault(id, world.agents);
    default:
      return null; // users are not registered; what is no type of Dome, Cedar refuses
  }
}

function missing(
  { type, id }: EntityRef,
  word: string,
  known: Iterable<string> | null | undefined,
  otherwise: string,
): Said | null {
  if (known == null) return null;
  const names = [...known];
  if (names.includes(id)) return null;
  const near = nearMatch(id, names);
  return {
    message: `There is no ${word} ${JSON.stringify(id)}.`,
    hint: near === null ? otherwise : `Is ${type}::${JSON.stringify(near)} meant?`,
  };
}

function operationFault(
  type: keyof typeof TOOL_TYPES,
  id: string,
  tools: ReadonlyMap<string, KnownTool>,
): Said | null {
  const { name, operation } = operationOf(id) ?? { name: id, operation: null };
  const tool = tools.get(name);
  if (tool === undefined)
    return missing({ type: "Dome::Tool", id: name }, "tool", tools.keys(), "dome tools list shows them.");
  if (operation === null) {
    const hint = `For all of its operations: resource in Dome::Tool::${JSON.stringify(name)}.`;
    return { message: `${type}::${JSON.stringify(id)} names no operation.`, hint };
  }
  if (tool.kind !== TOOL_TYPES[type]) {
    const [right] = Object.entries(TOOL_TYPES).find(([, kind]) => kind === tool.kind) ?? [type];
    const message = `The tool ${name} is of the kind ${tool.kind}, and ${type} is for another.`;
    return { message, hint: `Write ${right}::${JSON.stringify(id)}.` };
  }
  if (tool.operations === null || tool.operations.includes(operation)) return null;
  const near = nearMatch(operation, tool.operations);
  return {
    message: `The tool ${name} has no operation ${JSON.stringify(operation)}.`,
    hint:
      near === null
        ? `dome tools operations ${name} shows them.`
        : `Is ${type}::${JSON.stringify(`${name}/${near}`)} meant?`,
  };
}

function modelFault(id: string, pools: NonNullable<PolicyWorld["pools"]>): Said | null {
  const { name, operation: model } = operationOf(id) ?? { name: id, operation: null };
  const pool = pools.get(name);
  if (pool === undefined)
    return missing({ type: "Dome::Pool", id: name }, "pool", pools.keys(), "dome pools list shows them.");
  if (model === null) {
    const hint = `For all of its models: resource in Dome::Pool::${JSON.stringify(name)}.`;
    return { message: `Dome::LLMModel::${JSON.stringify(id)} names no model.`, hint };
  }
  if (pool.models === null || pool.models.includes(model)) return null;
  const near = nearMatch(model, pool.models);
  return {
    message: `The pool ${name} has no model ${JSON.stringify(model)}.`,
    hint: near === null ? "dome pools show shows them." : `Is Dome::LLMModel::"${name}/${near}" meant?`,
  };
}

function agentFault(id: string, agents: PolicyWorld["agents"]): Said | null {
  if (agents === null || agents.has(id)) return null;
  const meant = agents.idOf(id);
  return {
    message: `There is no agent with the id ${JSON.stringify(id)}.`,
    hint:
      meant === null
        ? "Agents are named by id: dome agents list -o wide."
        : `Agents are named by id: Dome::Agent::"${meant}" is ${id}.`,
  };
}

/** Where a policy names an entity, or else where the policy begins. */
function placeOf(policy: CompiledPolicy, { type, id }: EntityRef): { line: number; column: number } {
  const at = policy.text.indexOf(`${type}::${JSON.stringify(id)}`);
  const { line, column } = at < 0 ? policy : placeIn(policy, new Places(policy.text).at(at));
  return { line, column };
}
