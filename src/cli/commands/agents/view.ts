/** The text forms of an agent. */
import type { Agent, Warning } from "../../../contract/agent.ts";
import { clean, fields, several, type Cell, type Output, type Style } from "../../output.ts";
import { table } from "../../table.ts";

export const agentFields = (style: Style, agent: Agent): string =>
  fields(style, [
    ["id", agent.id],
    ["name", agent.name],
    ["owner", agent.owner],
    ["steward", `${agent.steward} since ${style.at(agent.steward_since)}`],
    ["workspace", agent.workspace],
    ["created", style.at(agent.created_at)],
    ["state", `${agent.state} since ${style.at(agent.state_changed_at)}`],
    ...(agent.stop === null ? [] : [["stopped", `${stopText(agent)} (${agent.stop.halt})`] as const]),
    ["last active", style.at(agent.last_active_at)],
    ["live keys", agent.live_keys],
    ...(agent.draining === null
      ? []
      : [
          [
            "draining",
            `${agent.draining.then} at ${style.at(agent.draining.deadline)}, stop ${agent.draining.halt}`,
          ] as const,
        ]),
    ...(agent.hold === null
      ? []
      : [
          [
            "held",
            `by ${agent.hold.by} since ${style.at(agent.hold.since)}: ${agent.hold.reason ?? "no reason given"}`,
          ] as const,
        ]),
    ["tier", agent.tier],
    ["tools", several(agent.surface.tools)],
    ["pools", several(agent.surface.pools)],
    ["integrations", several(agent.surface.integrations)],
    ...(agent.unused.length === 0 ? [] : [["unused", several(agent.unused.map(unusedText))] as const]),
    ["require act-as", agent.require_actas],
    ...optional(style, agent),
  ]);

const unusedText = ({ name, last_used_on, lapses_on, lapsed_on }: Agent["unused"][number]): string =>
  `${name} (${lapsed_on === null ? `lapses ${lapses_on ?? ""}` : `lapsed ${lapsed_on}`}, ${last_used_on === null ? "never used" : `used ${last_used_on}`})`;

const labelsOf = ({ labels }: Agent): string[] =>
  Object.entries(labels).map(([key, value]) => `${key}=${value}`);

function optional(style: Style, agent: Agent): (readonly [string, Cell])[] {
  const members: (readonly [string, Cell])[] = [
    ["contact", agent.contact],
    ["description", agent.description],
    ["labels", several(labelsOf(agent))],
    ["parent", agent.parent],
    ["delegates to", several(agent.delegates_to)],
    ["expires", style.at(agent.expires_at)],
    ["freshness", agent.freshness],
    ["revoked", style.at(agent.revoked_at)],
  ];
  return members.filter(([, value]) => value !== null);
}

/** The operator and the reason of the stop; null when the agent is not stopped, or its stop has no details. */
const stopText = ({ stop }: Agent): string | null =>
  stop === null ? null : `by ${stop.by}: ${stop.reason ?? "no reason given"}`;

/** The state for people, who see `draining` and `held` as states. */
export const stateOf = ({ state, draining, hold }: Agent): string => {
  if (draining !== null) return `draining, then ${draining.then}`;
  return hold === null ? state : `${state}, held`;
};

export const agentTable = (style: Style, agents: readonly Agent[]): string =>
  table(
    style,
    ["NAME", "STATE", "TIER", "WORKSPACE", "STEWARD", "ID"],
    agents.map((agent) => [agent.name, stateOf(agent), agent.tier, agent.workspace, agent.steward, agent.id]),
  );

export const wideAgentTable = (style: Style, agents: readonly Agent[]): string =>
  table(
    style,
    [
      "NAME",
      "STATE",
      "SINCE",
      "STOPPED",
      "LAST ACTIVE",
      "LIVE KEYS",
      "CREATED",
      "TIER",
      "WORKSPACE",
      "STEWARD",
      "LABELS",
      "ID",
    ],
    agents.map((agent) => [
      agent.name,
      stateOf(agent),
      style.ago(agent.state_changed_at),
      stopText(agent),
      style.ago(agent.last_active_at),
      agent.live_keys,
      style.ago(agent.created_at),
      agent.tier,
      agent.workspace,
      agent.steward,
      several(labelsOf(agent)),
      agent.id,
    ]),
  );

/**
 * Prints warnings about accepted settings that do not work yet, each with the command that corrects it. With `--json`
 * the warnings are in the body.
 */
export function tellWarnings(output: Output, warnings: readonly Warning[]): void {
  if (output.mode === "json") return;
  for (const warning of warnings) {
    output.warn(`warning: ${clean(warning.detail)}`);
    const told = warning.near === null || warning.detail.includes(warning.near);
    if (!told) output.warn(`  did you mean: ${clean(warning.near ?? "")}`);
    output.warn(`  next: ${clean(output.here(warning.command))}`);
  }
}
