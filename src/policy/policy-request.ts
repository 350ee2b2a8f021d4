/**
 * What is decided on, and how it is said to Cedar. Everything in it was verified before; nothing of it is passed in a form
 * that Cedar could refuse, because a request that it cannot read would deny what no policy looks at.
 */
import type { CedarValueJson, EntityJson, TypeAndId } from "@cedar-policy/cedar-wasm/web";
import { rfc3339 } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import type { JsonSchema } from "./argument-shape.ts";
import { cedarAddress } from "./cedar-address.ts";
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
  readonly labels: Readonly<Record<string, string>>;
  /** The ids of its parent and the parents above, as far as they are known. */
  readonly ancestors: readonly string[];
}

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
    readonly method?: string | null;
    readonly ip?: string | null;
    readonly country?: string | null;
    readonly user_agent?: string | null;
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

const HEADERS: EntityRef = { type: "Dome::Headers", id: "request" };
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

export const placedAgent = (workspace: string, { id, tier, ancestors }: PolicyAgent): Placed => ({
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

/** The entities of a request: the agents of the chain, the resource, and its headers. */
export function cedarEntities({ workspace, agents, asked, headers }: PolicyRequest): EntityJson[] {
  const known = new Map(
    [...agents, ...(asked.kind === "agent" ? [asked.agent] : [])].map((each) => [each.id, each]),
  );
  return [
    ...Array.from(known.values(), (agent) => agentEntity(workspace, agent)),
    ...(asked.kind === "agent"
      ? []
      : [entityOf(placedResource(workspace, asked), resourceAttributes(asked), {})]),
    entityOf({ self: HEADERS, within: [] }, {}, texts(headers)),
  ];
}

function agentEntity(workspace: string, agent: PolicyAgent): EntityJson {
  const { name, owner, steward, tier, labels } = agent;
  return entityOf(placedAgent(workspace, agent), texts({ name, owner, steward, tier }), texts(labels));
}

const entityOf = (
  { self, within }: Placed,
  attrs: Record<string, CedarValueJson>,
  tags: Record<string, CedarValueJson>,
): EntityJson => ({ uid: { ...self }, attrs, parents: within.map((each) => ({ ...each })), tags });

function resourceAttributes(
  asked: Exclude<PolicyAsked, { readonly kind: "agent" }>,
): Record<string, CedarValueJson> {
  switch (asked.kind) {
    case "tool": {
      const [, method, path] = /^([A-Z]+) (\/.*)$/.exec(asked.part ?? "") ?? [];
      const route = asked.tool === "http" ? texts({ method, path }) : {};
      return { tool: asked.name, read_only: asked.readOnly, ...texts({ operation: asked.part }), ...route };
    }
    case "pool":
      return {
        pool: asked.name,
        ...texts({
          model: asked.part,
          provider: asked.model?.provider,
          region: asked.model?.region,
          price_tier: asked.model?.priceTier,
          service_tier: asked.model?.serviceTier,
        }),
      };
    case "integration":
      return texts({ name: asked.name });
  }
}

/** @param args as `cedarArguments` made them; null: no policy looks at them. */
export function cedarContext(
  { agents, actas, request, now }: PolicyRequest,
  args: Readonly<Record<string, CedarValueJson>> | null,
): Record<string, CedarValueJson> {
  const origin = agents.at(-1) ?? agents[0];
  const ip = cedarAddress(request.ip ?? "");
  const time = new Date(now);
  return {
    ...defined({ arguments: args === null ? undefined : { ...args } }),
    ...defined({ actas: actas === null ? undefined : cedarUser(actas) }),
    chain: {
      depth: agents.length,
      actor: reference({ type: "Dome::Agent", id: agents[0].id }),
      origin: reference({ type: "Dome::Agent", id: origin.id }),
      agents: agents.map(({ id }) => reference({ type: "Dome::Agent", id })),
    },
    request: {
      ...texts({ method: request.method, country: request.country, user_agent: request.user_agent }),
      ...defined({ ip: ip === null ? undefined : { __extn: { fn: "ip", arg: ip } } }),
      headers: reference(HEADERS),
    },
    time: {
      now: { __extn: { fn: "datetime", arg: rfc3339(now) } },
      hour: time.getUTCHours(),
      minute: time.getUTCMinutes(),
      weekday: ((time.getUTCDay() + 6) % 7) + 1,
    },
  };
}

const cedarUser = ({
  user,
  provider,
  email,
  groups,
}: NonNullable<PolicyRequest["actas"]>): CedarValueJson => ({
  user: reference({ type: "Dome::User", id: user.toWellFormed() }),
  ...texts({ provider, email }),
  ...defined({ groups: groups === null ? undefined : groups.filter((group) => group.isWellFormed()) }),
});

const reference = ({ type, id }: TypeAndId): CedarValueJson => ({ __entity: { type, id } });

/** The members that are text which Cedar can read; an unpaired surrogate would fail the whole request. */
const texts = (
  members: Readonly<Record<string, string | null | undefined>>,
): Record<string, CedarValueJson> =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, text]) =>
      text == null || !text.isWellFormed() || !name.isWellFormed() ? [] : [[name, text]],
    ),
  );
