/** What the parts of an MCP door share: their ports, and the door as it stands for a caller. */
import type { Caller } from "../../access/caller.ts";
import type { ConfigurationReader } from "../../access/configuration.ts";
import type { Unserved } from "../../access/release.ts";
import { isOffered } from "../../access/evaluate.ts";
import { policiesInForce } from "../../access/policies-in-force.ts";
import { declaresPart } from "../../contract/agent.ts";
import { toolOf } from "../../contract/resource.ts";
import { reachesInto } from "../../contract/scope.ts";
import type { Egress } from "../../egress/egress.ts";
import { ok, type Result } from "../../kernel/result.ts";
import type { Bundles } from "../../policy/engine.ts";
import type { Catalog, CatalogTool } from "../../registry/catalog.ts";
import type { ToolCallPorts } from "../call-tool.ts";
import type { SendPorts } from "../credential/send.ts";
import type { CircuitPorts } from "../upstream/guarded-egress.ts";
import type { ServerPorts } from "./exchange.ts";

export interface McpPorts extends ToolCallPorts, SendPorts, CircuitPorts, ServerPorts {
  readonly egress: Pick<Egress, "open">;
  readonly configuration: ToolCallPorts["configuration"] & Pick<ConfigurationReader, "definitions">;
  readonly signingKeys: ToolCallPorts["signingKeys"] & SendPorts["signingKeys"];
}

export interface DoorView {
  /** Of the tool. */
  readonly name: string;
  readonly caller: Caller;
  readonly catalog: Catalog;
  /** The version of the catalog. */
  readonly configEpoch: number;
  /** The policies in force. */
  readonly bundles: Bundles;
  /** The entry of the door, which the caller may know of. */
  readonly tool: CatalogTool;
}

/** @returns null: there is no such tool, or nothing of it is the caller's. */
export async function doorView(
  ports: McpPorts,
  caller: Caller,
  name: string,
): Promise<Result<DoorView | null, Unserved>> {
  const known = await knownTo(ports, caller);
  return known.ok ? ok(viewOf(known.value, name)) : known;
}

/** A door without its tool. */
type Known = Omit<DoorView, "name" | "tool">;

async function knownTo(ports: McpPorts, caller: Caller): Promise<Result<Known, Unserved>> {
  const { workspace } = caller.state;
  const inForce = await policiesInForce(ports, workspace, caller.agents);
  if (!inForce.ok) return inForce;
  const catalog = await ports.configuration.catalog(workspace, inForce.value.configEpoch);
  return ok({ caller, catalog, ...inForce.value });
}

function viewOf(known: Known, name: string): DoorView | null {
  const tool = known.catalog.tools.get(name);
  return tool === undefined || !reaches(known.caller, name) ? null : { ...known, name, tool };
}

/** Whether some call of the operation could be allowed: what a list shows, and what the caller may know of. */
export const offers = ({ name, caller, catalog, bundles }: DoorView, part: string): boolean =>
  isOffered({ ...caller, catalog, bundles }, { kind: "tool", name, part });

/** The doors of all MCP servers that the caller may know of, by name. */
export async function doorViews(
  ports: McpPorts,
  caller: Caller,
): Promise<Result<readonly DoorView[], Unserved>> {
  const known = await knownTo(ports, caller);
  if (!known.ok) return known;
  const names = new Set(caller.agents[0].surface.tools.map((reference) => toolOf(reference)));
  const views = [...names].toSorted().map((name) => viewOf(known.value, name));
  return ok(views.filter((view) => view !== null).filter(({ tool }) => tool.upstream?.kind === "mcp"));
}

/** Whether every agent of the chain, and the token, has any part of the tool. */
function reaches({ agents, scope }: Caller, name: string): boolean {
  const tool = { kind: "tool", name, part: null } as const;
  return agents.every(({ surface }) => declaresPart(surface, tool)) && reachesInto(scope, tool);
}
