/** What is decided on by policy. Everything in it was verified before. */
import type { JsonSchema } from "./argument-shape.ts";
import { RESOURCE_TYPES } from "./cedar-schema.ts";
import type { EntityRef, PolicyAction } from "./shape.ts";

/** An agent of the chain. */
export interface PolicyAgent {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly steward: string;
  /** The name of its tier. */
  readonly tier: string;
  /** How far its tier is trusted, 0 to 100. */
  readonly trust: number;
  readonly labels: Readonly<Record<string, string>>;
  /** The ids of its parent and the parents above, as far as they are known. */
  readonly ancestors: readonly string[];
}

/** What heads of policies are held against. */
export type PlacedAgent = Pick<PolicyAgent, "id" | "tier" | "ancestors">;

/** What the price list and the pool say of a model. */
interface ModelFacts {
  readonly provider: string;
  readonly region: string | null;
  readonly priceTier: string | null;
  readonly serviceTier: string | null;
}

type ModelAction = "llm:chat" | "llm:embed" | "llm:hosted-tool" | "llm:provider-state";

/**
 * What is asked for. The kind of a tool says the action, whatever the door: a check of an operation is decided as its
 * call would be. `part` null: the whole tool or pool.
 */
export type PolicyAsked =
  | {
      readonly kind: "tool";
      readonly tool: "mcp" | "http" | "local";
      readonly name: string;
      readonly part: string | null;
      /** It was reviewed as changing nothing. */
      readonly readOnly: boolean;
    }
  | {
      readonly kind: "pool";
      readonly action: ModelAction;
      readonly name: string;
      readonly part: string | null;
      readonly model: ModelFacts | null;
    }
  | { readonly kind: "integration"; readonly name: string }
  | { readonly kind: "agent"; readonly agent: PolicyAgent };

export interface PolicyRequest {
  /** The id of the workspace. */
  readonly workspace: string;
  /** The chain, newest first. Each of them is decided on as the principal. */
  readonly agents: readonly [PolicyAgent, ...PolicyAgent[]];
  readonly asked: PolicyAsked;
  /** Undefined when there are none. */
  readonly args: unknown;
  /** The schema of the operation's arguments; null: the catalog has none. */
  readonly argumentSchema: JsonSchema | null;
  /** The verified end user; `email` only where the provider has verified it; `groups` null: they are not known. */
  readonly actas: {
    readonly user: string;
    readonly provider: string;
    readonly email: string | null;
    readonly groups: readonly string[] | null;
  } | null;
  readonly request: {
    readonly method?: string | null | undefined;
    readonly ip?: string | null | undefined;
    readonly country?: string | null | undefined;
    readonly user_agent?: string | null | undefined;
  };
  /** Those that the tool's entry names, by name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** In milliseconds since the epoch. */
  readonly now: number;
}

/** An entity of the request, with everything that it is in. */
export interface Placed {
  readonly self: EntityRef;
  readonly within: readonly EntityRef[];
}

const TOOL_ACTIONS = { mcp: "mcp:call", http: "http:call", local: "tool:use" } as const;

export function actionOf(asked: PolicyAsked): PolicyAction {
  switch (asked.kind) {
    case "tool":
      return TOOL_ACTIONS[asked.tool];
    case "pool":
      return asked.action;
    case "integration":
      return "integration:use";
    case "agent":
      return "agent:delegate";
  }
}

export const placedAgent = (workspace: string, { id, tier, ancestors }: PlacedAgent): Placed => ({
  self: { type: "Dome::Agent", id },
  within: [
    { type: "Dome::Workspace", id: workspace },
    { type: "Dome::Tier", id: tier },
    ...ancestors.map((ancestor) => ({ type: "Dome::Agent", id: ancestor })),
  ],
});

export function placedResource(workspace: string, asked: PolicyAsked): Placed {
  const type = `Dome::${RESOURCE_TYPES[actionOf(asked)]}`;
  switch (asked.kind) {
    case "tool":
    case "pool": {
      const id = asked.part === null ? asked.name : `${asked.name}/${asked.part}`;
      const whole = asked.kind === "tool" ? "Dome::Tool" : "Dome::Pool";
      return { self: { type, id }, within: [{ type: whole, id: asked.name }] };
    }
    case "integration":
      return { self: { type, id: asked.name }, within: [] };
    case "agent":
      return placedAgent(workspace, asked.agent);
  }
}
