/**
 * A request as Cedar reads it. Nothing is passed in a form that Cedar could refuse, because a request that it cannot read
 * would deny what no policy looks at.
 */
import type { CedarValueJson, EntityJson, TypeAndId } from "@cedar-policy/cedar-wasm/web";
import { rfc3339 } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { cedarAddress } from "./cedar-address.ts";
import { isCedarText } from "./cedar-text.ts";
import { touches, type Path } from "./context-reads.ts";
import {
  placedAgent,
  placedResource,
  type Placed,
  type PolicyAgent,
  type PolicyAsked,
  type PolicyRequest,
} from "./policy-request.ts";
import type { EntityRef } from "./shape.ts";

const HEADERS: EntityRef = { type: "Dome::Headers", id: "request" };

/** The entities of a request: the agents of the chain, the resource, and the headers where the slice reads them. */
export function cedarEntities(
  { workspace, agents, asked, headers }: PolicyRequest,
  reads: readonly Path[],
): EntityJson[] {
  const hasHeaders = reads.some((read) => touches(read, ["request", "headers"]));
  const known = new Map(
    [...agents, ...(asked.kind === "agent" ? [asked.agent] : [])].map((each) => [each.id, each]),
  );
  return [
    ...Array.from(known.values(), (agent) => agentEntity(workspace, agent)),
    ...(asked.kind === "agent"
      ? []
      : [entityOf(placedResource(workspace, asked), resourceAttributes(asked), {})]),
    ...(hasHeaders ? [entityOf({ self: HEADERS, within: [] }, {}, texts(headers))] : []),
  ];
}

function agentEntity(workspace: string, agent: PolicyAgent): EntityJson {
  const { name, owner, steward, tier, trust, labels } = agent;
  const attributes = { ...texts({ name, owner, steward, tier }), trust };
  return entityOf(placedAgent(workspace, agent), attributes, texts(labels));
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

/**
 * The context, with what the slice reads of it: Cedar reads a request anew for every decision, and takes longer for that than
 * for its policies.
 * @param args as `cedarArguments` made them; null: no policy looks at them.
 * @param reads the paths that the policies of the slice read.
 */
export function cedarContext(
  request: PolicyRequest,
  args: Readonly<Record<string, CedarValueJson>> | null,
  reads: readonly Path[],
): Record<string, CedarValueJson> {
  const isRead = (path: Path): boolean => reads.some((read) => touches(read, path));
  const groups = {
    actas: request.actas === null ? null : cedarUser(request.actas),
    chain: cedarChain(request),
    request: cedarCall(request.request),
    time: cedarTime(request.now),
  };
  const context: Record<string, CedarValueJson> = {};
  for (const [group, members] of Object.entries(groups)) {
    if (members === null || !isRead([group])) continue;
    context[group] = Object.fromEntries(Object.entries(members).filter(([name]) => isRead([group, name])));
  }
  return { ...context, ...defined({ arguments: args === null ? undefined : { ...args } }) };
}

type Members = Readonly<Record<string, CedarValueJson>>;

function cedarChain({ agents }: PolicyRequest): Members {
  const named = agents.map(({ id }) => reference({ type: "Dome::Agent", id }));
  const [actor = null] = named;
  return { depth: agents.length, actor, origin: named.at(-1) ?? actor, agents: named };
}

function cedarCall({ method, country, user_agent, ip }: PolicyRequest["request"]): Members {
  const address = cedarAddress(ip ?? "");
  return {
    ...texts({ method, country, user_agent }),
    ...defined({ ip: address === null ? undefined : { __extn: { fn: "ip", arg: address } } }),
    headers: reference(HEADERS),
  };
}

function cedarTime(now: number): Members {
  const time = new Date(now);
  return {
    now: { __extn: { fn: "datetime", arg: rfc3339(now) } },
    hour: time.getUTCHours(),
    minute: time.getUTCMinutes(),
    weekday: ((time.getUTCDay() + 6) % 7) + 1,
  };
}

const cedarUser = ({ user, provider, email, groups }: NonNullable<PolicyRequest["actas"]>): Members => ({
  user: reference({ type: "Dome::User", id: user.toWellFormed() }),
  ...texts({ provider, email }),
  ...defined({ groups: groups === null ? undefined : groups.filter(isCedarText) }),
});

const reference = ({ type, id }: TypeAndId): CedarValueJson => ({ __entity: { type, id } });

/** The members that are text which Cedar can read. */
const texts = (
  members: Readonly<Record<string, string | null | undefined>>,
): Record<string, CedarValueJson> =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, text]) =>
      isCedarText(text) && name.isWellFormed() ? [[name, text]] : [],
    ),
  );
