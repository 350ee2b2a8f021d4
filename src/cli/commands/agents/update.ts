/**
 * `dome agents update`: changes the settings of an agent. Lists are changed item by item, so that a forgotten option
 * never removes anything; the change applies to the version that was read, or not at all.
 */
import { Option, type Command } from "commander";
import type { AgentChange } from "../../../client/agents.ts";
import type { Agent, AgentSettingName } from "../../../contract/agent.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { collect, collectLabel, pointInTime, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { agentFields, tellWarnings } from "./view.ts";

interface UpdateOptions {
  readonly workspace?: string;
  readonly tier?: string;
  readonly addTool?: readonly string[];
  readonly addPool?: readonly string[];
  readonly addIntegration?: readonly string[];
  readonly addDelegate?: readonly string[];
  readonly label?: Readonly<Record<string, string>>;
  readonly removeTool?: readonly string[];
  readonly removePool?: readonly string[];
  readonly removeIntegration?: readonly string[];
  readonly removeDelegate?: readonly string[];
  readonly removeLabel?: readonly string[];
  readonly requireActas?: string;
  readonly contact?: string;
  readonly description?: string;
  readonly parent?: string;
  readonly expires?: string;
  readonly freshness?: "leased" | "always";
  readonly clear?: readonly (keyof typeof CLEARABLE)[];
}

/** The values of `--clear`, and the member that each clears. */
const CLEARABLE = {
  "require-actas": "require_actas",
  contact: "contact",
  description: "description",
  parent: "parent",
  expires: "expires_at",
  freshness: "freshness",
} as const;

export function updateCommand(session: Session): Command {
  const clearable = new Option("--clear <member>", "empty a member; repeat for more")
    .choices(Object.keys(CLEARABLE))
    .argParser(collect);
  return verb({
    name: "update",
    summary: "Change an agent's surface, tier, labels and other settings",
    description:
      "Change an agent's surface, tier, labels and other settings. Id, name, owner and workspace never change. " +
      "--add-… adds to the surface, --remove-… removes from it; everything else stays.",
    examples: [
      "dome agents update support-triage --add-tool zendesk --add-tool jira/create_issue",
      "dome agents update support-triage --remove-pool premium-reasoning --clear contact",
    ],
  })
    .argument("<agent>", "name or id")
    .addOption(workspaceOption())
    .option("--tier <tier>", "trust level")
    .option("--add-tool <tool>", "also declare this tool, or <tool>/<operation>; repeat for more", collect)
    .option("--add-pool <pool>", "also declare this pool; repeat for more", collect)
    .option("--add-integration <name>", "also declare this integration; repeat for more", collect)
    .option("--add-delegate <agent>", "also let this agent act on its behalf; repeat for more", collect)
    .option("-l, --label <key=value>", "set a label; repeat for more", collectLabel)
    .option("--remove-tool <tool>", "no longer declare it; repeat for more", collect)
    .option("--remove-pool <pool>", "no longer declare it; repeat for more", collect)
    .option("--remove-integration <name>", "no longer declare it; repeat for more", collect)
    .option("--remove-delegate <agent>", "no longer let it act on its behalf; repeat for more", collect)
    .option("--remove-label <key>", "remove a label; repeat for more", collect)
    .option("--require-actas <provider>", "act only for a verified end user: oidc, or oidc:NAME")
    .option("--contact <contact>", "the person or team to contact about it")
    .option("--description <text>", "what it is for")
    .option("--parent <agent>", "name or id of its parent")
    .option(
      "--expires <time>",
      "when Dome suspends it: a time, or a duration such as 90d",
      pointInTime(() => session.io.clock.now(), "ahead"),
    )
    .addOption(
      new Option("--freshness <mode>", "always: no leases, ask on every call").choices(["leased", "always"]),
    )
    .addOption(clearable)
    .action((agent: string, options: UpdateOptions) => update(session, agent, options));
}

export async function update(session: Session, name: string, options: UpdateOptions): Promise<void> {
  const ref = { agent: name, workspace: options.workspace };
  const service = await session.controlPlane();
  const current = LISTS.some((member) => options[member] !== undefined)
    ? await service.agents.show(ref)
    : null;
  const change: Settings = { ...plainChange(options), ...listChange(current, options), ...cleared(options) };
  if (Object.values(change).every((value) => value === undefined))
    throw usage("nothing to change", "dome agents update --help");
  const updated = await service.agents.update(ref, change, current?.record_version);
  const { output } = session;
  output.show({
    body: updated,
    ids: [updated.agent.id],
    text: () => agentFields(output.style, updated.agent),
  });
  tellWarnings(output, updated.warnings);
}

/** Options that change a list; they need the current list. */
const LISTS = [
  "addTool",
  "addPool",
  "addIntegration",
  "addDelegate",
  "label",
  "removeTool",
  "removePool",
  "removeIntegration",
  "removeDelegate",
  "removeLabel",
] as const;

/** All settings. The two functions below do not compile when a setting has no option. */
type Settings = { readonly [M in AgentSettingName]: AgentChange[M] | undefined };
type ListSetting = "surface" | "delegates_to" | "labels";

function cleared(options: UpdateOptions): Partial<Settings> {
  const members = (options.clear ?? []).map((name) => {
    if (!Object.hasOwn(CLEARABLE, name))
      throw usage(`--clear takes one of ${Object.keys(CLEARABLE).join(", ")}`);
    return CLEARABLE[name];
  });
  const plain = plainChange(options);
  const both = members.find((member) => member in plain && plain[member] !== undefined);
  if (both !== undefined) throw usage(`${both} is set and cleared at once`);
  return Object.fromEntries(members.map((member) => [member, null]));
}

function plainChange(options: UpdateOptions): Omit<Settings, ListSetting> {
  return {
    tier: options.tier,
    require_actas: options.requireActas,
    contact: options.contact,
    description: options.description,
    parent: options.parent,
    expires_at: options.expires,
    freshness: options.freshness,
  };
}

/** The new lists: the current items, plus the added, minus the removed ones. */
function listChange(current: Agent | null, options: UpdateOptions): Pick<Settings, ListSetting> {
  if (current === null) return { surface: undefined, delegates_to: undefined, labels: undefined };
  const surface = {
    tools: merged("tool", current.surface.tools, options.addTool, options.removeTool),
    pools: merged("pool", current.surface.pools, options.addPool, options.removePool),
    integrations: merged(
      "integration",
      current.surface.integrations,
      options.addIntegration,
      options.removeIntegration,
    ),
  };
  const delegates = merged("delegate", current.delegates_to, options.addDelegate, options.removeDelegate);
  const labels = Object.entries({ ...current.labels, ...options.label });
  const set = Object.keys(options.label ?? {});
  refuseAbsent("label", Object.keys(current.labels), options.removeLabel, set);
  const gone = new Set(options.removeLabel);
  const given = (...members: readonly (typeof LISTS)[number][]) =>
    members.some((each) => options[each] !== undefined);
  return {
    surface: given("addTool", "addPool", "addIntegration", "removeTool", "removePool", "removeIntegration")
      ? surface
      : undefined,
    delegates_to: given("addDelegate", "removeDelegate") ? delegates : undefined,
    labels: given("label", "removeLabel")
      ? Object.fromEntries(labels.filter(([key]) => !gone.has(key)))
      : undefined,
  };
}

/**
 * Refuses to remove an absent item, which is more often a typing error than already removed, and to add and remove the
 * same item.
 */
function refuseAbsent(
  what: string,
  now: readonly string[],
  removed: readonly string[] = [],
  added: readonly string[] = [],
): void {
  const both = removed.find((item) => added.includes(item));
  if (both !== undefined) throw usage(`the ${what} ${both} is added and removed at once`);
  const absent = removed.find((item) => !now.includes(item));
  if (absent !== undefined) throw usage(`--remove-${what} ${absent}: the agent has no such ${what}`);
}

function merged(
  what: string,
  now: readonly string[],
  added: readonly string[] = [],
  removed: readonly string[] = [],
): string[] {
  refuseAbsent(what, now, removed, added);
  const gone = new Set(removed);
  return [...new Set([...now, ...added])].filter((item) => !gone.has(item));
}
