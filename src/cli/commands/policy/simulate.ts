/** `dome policy simulate` */
import { Option, type Command } from "commander";
import { z } from "zod";
import type { ControlPlane } from "../../../client/control-plane.ts";
import { shadowed } from "../../../contract/decided-on.ts";
import { MOST_REPLAYED, type ReplayGap } from "../../../contract/policy.ts";
import { defined } from "../../../kernel/defined.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { called } from "../../names.ts";
import { countFromZero, pointInTime, wholeNumber } from "../../option-values.ts";
import { clean, type Style } from "../../output.ts";
import type { Session } from "../../session.ts";
import {
  callsText,
  countOf,
  grouped,
  groupsText,
  type ChangedCall,
  type ChangedGroup,
} from "./changed-calls.ts";
import { readPolicies, scopeOf, withScope, withScopeOf, type ScopeOptions } from "./scope.ts";

interface SimulateOptions extends ScopeOptions {
  readonly draft?: number;
  readonly shadow?: true;
  readonly since?: string;
  readonly until?: string;
  readonly most: number;
  readonly failOver?: number;
}

/** With the beginning of the time settled. */
type Range = SimulateOptions & { readonly since: string };

/** What the command finds. */
interface Simulated {
  readonly since: string;
  readonly until: string | null;
  /** Recorded calls that were decided again; null: they were decided when they were made. */
  readonly replayed: number | null;
  /** Of these, calls that the policies in force decide otherwise than was decided at the time. */
  readonly drifted: number;
  readonly newly_denied: number;
  readonly newly_allowed: number;
  readonly groups: readonly ChangedGroup[];
  readonly skipped: readonly { readonly gap: ReplayGap; readonly resource: string; readonly calls: number }[];
  /** Whether all calls of the time were looked at. */
  readonly complete: boolean;
}

const USUAL_MOST = 10_000;

export function simulateCommand(session: Session): Command {
  const back = pointInTime(() => session.io.clock.now(), "back");
  return withScope(
    verb({
      name: "simulate",
      summary: "Decide recorded calls again under a draft, and show what would change",
      description:
        "Decide recorded calls again, under the policies in force and under a draft, and show what would change: the newly denied " +
        "first. Nothing is changed. Without --workspace, --tier or --agent, the draft takes the place of the workspace's policies. " +
        "With --fail-over, the command exits with 3 when more calls than that would be newly denied.",
      examples: [
        "dome policy simulate workspace.cedar --since 24h",
        "dome policy simulate standard.cedar --tier standard --since 7d --fail-over 0",
        "dome policy simulate --shadow --since 7d",
      ],
    }).argument("[file]", "the draft, in Cedar's language"),
  )
    .addOption(
      new Option("--draft <version>", "a version that was pushed, and no file").argParser(wholeNumber),
    )
    .addOption(
      new Option(
        "--shadow",
        "what versions in shadow would have decided otherwise, as recorded then; no file",
      ).conflicts("draft"),
    )
    .option("--since <time>", "calls from this time on, or a duration back from now (default: 24h)", back)
    .option("--until <time>", "calls before this time, or a duration back from now", back)
    .option("--most <n>", "look at no more calls than this, the newest first", wholeNumber, USUAL_MOST)
    .option("--fail-over <n>", "exit with 3 when more calls would be newly denied", countFromZero)
    .action(async (file: string | undefined, options: SimulateOptions) => {
      const found = await simulate(session, file, { ...options, since: options.since ?? back("24h") });
      const { output } = session;
      output.show({
        body: found,
        ids: found.groups.map(({ decision_id }) => decision_id),
        text: () => simulatedText(output.style, found),
      });
      const { failOver } = options;
      if (failOver !== undefined && found.newly_denied > failOver)
        throw new CommandFailure(
          EXIT.denied,
          `${callsText(found.newly_denied)} would be newly denied, and --fail-over allows ${failOver}`,
        );
      if (file !== undefined) output.next(`dome policy push ${shellWord(file)}${withScopeOf(options)}`);
    });
}

async function simulate(session: Session, file: string | undefined, options: Range): Promise<Simulated> {
  const drafts = [file, options.draft, options.shadow].filter((draft) => draft !== undefined);
  if (drafts.length !== 1)
    throw usage("Give one draft: a file, --draft VERSION, or --shadow", "dome policy simulate --help");
  const service = await session.controlPlane();
  return options.shadow === true
    ? fromShadow(service, options)
    : replayed(service, options, file === undefined ? null : await readPolicies(file));
}

async function replayed(
  { policies }: ControlPlane,
  options: Range,
  source: string | null,
): Promise<Simulated> {
  const { since, until, most, draft: version, workspace } = options;
  const draft = source === null ? { version } : { source };
  const changed: ChangedCall[] = [];
  const skipped = new Map<string, { gap: ReplayGap; resource: string; calls: number }>();
  let calls = 0;
  let drifted = 0;
  let looked = 0;
  let complete = true;
  const asked = { since, limit: Math.min(MOST_REPLAYED, most), ...defined({ ...draft, until }) };
  for await (const page of policies.replay({ ...scopeOf(options), workspace }, asked)) {
    calls += page.replayed;
    drifted += page.drifted;
    for (const { decision_id, time, agent_name: agent, resource, after, assumed } of page.changed) {
      const { decision: becomes, policies: deciding, detail } = after;
      changed.push({ decision_id, time, agent, resource, becomes, policies: deciding, detail, assumed });
    }
    for (const each of page.skipped) {
      const key = JSON.stringify([each.gap, each.resource]);
      skipped.set(key, { ...each, calls: each.calls + (skipped.get(key)?.calls ?? 0) });
    }
    looked += page.replayed + page.skipped.reduce((sum, each) => sum + each.calls, 0);
    if (looked < most || page.next_cursor === null) continue;
    complete = false;
    break;
  }
  return { ...summary(changed, options), replayed: calls, drifted, skipped: [...skipped.values()], complete };
}

const recorded = z.object({ shadow: shadowed });

/** What was recorded when the calls were made. */
async function fromShadow({ audit }: ControlPlane, options: Range): Promise<Simulated> {
  const { since, until, most, workspace, agent } = options;
  const { items, next } = await audit
    .list({ shadow: true, since, until, workspace, actor: agent })
    .take(most);
  const changed = items.flatMap((entry): ChangedCall[] => {
    const { decision, decision_id = "", time, target, agent: id = "", names, data } = entry;
    const other = recorded.safeParse(data);
    if (!other.success || other.data.shadow.decision === decision) return [];
    const { decision: becomes, policies, detail } = other.data.shadow;
    return [
      {
        decision_id,
        time,
        agent: called(names, id),
        resource: target?.id ?? "",
        becomes,
        policies,
        detail,
        assumed: false,
      },
    ];
  });
  return { ...summary(changed, options), replayed: null, drifted: 0, skipped: [], complete: next === null };
}

function summary(changed: readonly ChangedCall[], { since, until }: Range) {
  const groups = grouped(changed);
  return {
    since,
    until: until ?? null,
    newly_denied: countOf(groups, "deny"),
    newly_allowed: countOf(groups, "allow"),
    groups,
  };
}

const GAPS: Readonly<Record<ReplayGap, string>> = {
  arguments: "a policy reads the arguments, and the tool's entry does not allow them to be recorded",
  groups: "a policy reads the user's groups, which were too many to be recorded",
  erased: "a policy reads personal data that was erased",
  resource_gone: "the catalog does not offer this any more",
  not_recorded: "the record lacks what a decision needs",
};

function simulatedText(style: Style, found: Simulated): string {
  const { replayed: calls, drifted, groups, skipped, complete, newly_denied, newly_allowed } = found;
  const head =
    calls === null
      ? "Decisions that versions in shadow would have made otherwise, as recorded."
      : `${callsText(calls)} decided again.`;
  const assumed = groups.reduce((sum, group) => sum + group.assumed, 0);
  return [
    `${head} ${newly_denied} newly denied, ${newly_allowed} newly allowed.`,
    ...(groups.length === 0 ? [] : ["", groupsText(style, groups), "", ...details(groups)]),
    ...(assumed === 0
      ? []
      : [`For ${callsText(assumed)}, an agent has changed since, and was taken as it is now.`]),
    ...(drifted === 0
      ? []
      : ["", `${callsText(drifted)} would be decided otherwise today by the policies in force already.`]),
    ...(skipped.length === 0 ? [] : ["", style.strong("not decided again")]),
    ...skipped.map(
      ({ gap, resource, calls: count }) => `${callsText(count)} of ${clean(resource)}: ${GAPS[gap]}`,
    ),
    ...(complete ? [] : ["", "There are older calls in this time. Look at more with --most."]),
  ].join("\n");
}

/** What the draft says to the newly denied, each text once. */
const details = (groups: readonly ChangedGroup[]): readonly string[] => [
  ...new Set(groups.filter(({ becomes }) => becomes === "deny").map(({ detail }) => clean(detail))),
];
