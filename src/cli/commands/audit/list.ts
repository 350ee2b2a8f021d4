/** `dome audit list` */
import { Option, type Command } from "commander";
import type { AuditFilter } from "../../../client/audit-trail.ts";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { ShownEntry } from "../../../contract/audit.ts";
import { verb } from "../../command.ts";
import { everyWorkspace, type Taken } from "../../every-workspace.ts";
import { called, type Names } from "../../names.ts";
import { allWorkspacesOption, searched, limitOption, pointInTime } from "../../option-values.ts";
import { type Cell, type Style } from "../../output.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import { filterOf, withFilters, type FilterOptions } from "./filters.ts";
import { cells, COLUMNS, wideCells, WIDE_COLUMNS } from "./row.ts";

interface ListOptions extends FilterOptions {
  readonly allWorkspaces?: true;
  readonly until?: string;
  readonly order?: "newest" | "oldest";
  readonly limit?: number;
}

const DEFAULT_LIMIT = 50;

export function listCommand(session: Session): Command {
  const back = pointInTime(() => session.io.clock.now(), "back");
  const command = verb({
    name: "list",
    summary: "List what happened; filters are combined",
    description:
      "List what happened in a workspace; filters are combined. Reading the trail is itself recorded.",
    examples: [
      "dome audit list --agent support-triage --decision deny --since 1h",
      "dome audit list --kind 'agent.*' --order oldest --json",
    ],
  });
  return withFilters(command, session)
    .addOption(allWorkspacesOption())
    .option("--until <time>", "before this time, or a duration back from now: 1h", back)
    .addOption(
      new Option("--order <order>", "which come first").choices(["newest", "oldest"]).default("newest"),
    )
    .addOption(limitOption("records").default(DEFAULT_LIMIT))
    .action((options: ListOptions) => list(session, options));
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { items, more, workspaces } = await take(await session.controlPlane(), options);
  const { output } = session;
  output.show({
    body: items,
    ids: items.map((entry) => entry.id),
    text: () => trail(output.style, items, workspaces, { head: COLUMNS, row: cells }),
    wide: () => trail(output.style, items, workspaces, { head: WIDE_COLUMNS, row: wideCells }),
  });
  if (more) output.note("There are more: raise --limit, or narrow the filters.");
  if (items.length === 0) output.note(searched(options.workspace, options.allWorkspaces === true));
}

interface Trail extends Taken<ShownEntry> {
  /** Names by ids, where the trail of more than one was read. */
  readonly workspaces: Names | null;
}

/** @returns of all workspaces the records in the order of their times: each ledger has an order of its own. */
async function take(service: ControlPlane, { allWorkspaces, ...options }: ListOptions): Promise<Trail> {
  const { limit = DEFAULT_LIMIT, order = "newest" } = options;
  const filter: AuditFilter = filterOf(options);
  if (allWorkspaces !== true) return { ...(await service.audit.list(filter).take(limit)), workspaces: null };
  const answers = await everyWorkspace(service, (workspace) =>
    service.audit.list({ ...filter, workspace }).take(limit),
  );
  const sign = order === "newest" ? -1 : 1;
  const all = answers.flatMap(({ items }) => items).toSorted((a, b) => sign * (a.time < b.time ? -1 : 1));
  return {
    items: all.slice(0, limit),
    more: all.length > limit || answers.some(({ more }) => more),
    workspaces: Object.fromEntries(
      answers.flatMap(({ workspace, items }) =>
        items.slice(0, 1).map((entry) => [entry.workspace, workspace]),
      ),
    ),
  };
}

interface Columns {
  readonly head: readonly string[];
  readonly row: (entry: ShownEntry) => readonly Cell[];
}

const trail = (
  style: Style,
  entries: readonly ShownEntry[],
  workspaces: Names | null,
  { head, row }: Columns,
): string =>
  workspaces === null
    ? table(style, head, entries.map(row))
    : table(
        style,
        ["WORKSPACE", ...head],
        entries.map((entry) => [called(workspaces, entry.workspace), ...row(entry)]),
      );
