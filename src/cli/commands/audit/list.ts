/** `dome audit list` */
import { Option, type Command } from "commander";
import type { AuditFilter } from "../../../client/audit-trail.ts";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Taken } from "../../../client/listing.ts";
import type { ShownEntry } from "../../../contract/audit.ts";
import { verb } from "../../command.ts";
import { called, type Names } from "../../names.ts";
import { allWorkspacesOption, searched, pointInTime } from "../../option-values.ts";
import { type Cell, type Style } from "../../output.ts";
import { table } from "../../table.ts";
import { mostOf, shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { showOnce } from "../../watch.ts";
import { filterOf, withFilters, type FilterOptions } from "./filters.ts";
import { cells, COLUMNS, wideCells, WIDE_COLUMNS } from "./row.ts";
import { takeEverywhere } from "./take-everywhere.ts";

interface ListOptions extends FilterOptions, Paging {
  readonly allWorkspaces?: true;
  readonly until?: string;
  readonly order?: "newest" | "oldest";
}

/** The number of records without `--limit` and `--all`. */
const USUAL = 50;

export function listCommand(session: Session): Command {
  const back = pointInTime(() => session.io.clock.now(), "back");
  const command = verb({
    name: "list",
    summary: "List what happened; filters are combined",
    description: "List what happened in a workspace; filters are combined. Dome records this reading too.",
    examples: [
      "dome audit list --agent support-triage --decision deny --since 1h",
      "dome audit list --kind 'agent.*' --order oldest --json",
    ],
  });
  return withPaging(withFilters(command, session), "records", USUAL)
    .addOption(allWorkspacesOption())
    .option("--until <time>", "before this time, or a duration back from now: 1h", back)
    .addOption(
      new Option("--order <order>", "which come first").choices(["newest", "oldest"]).default("newest"),
    )
    .action((options: ListOptions, self: Command) => list(session, options, self));
}

async function list(session: Session, options: ListOptions, command: Command): Promise<void> {
  const taken = await take(await session.controlPlane(), options);
  const { workspaces } = taken;
  const page = shownPage(session, command, taken, {
    id: (entry) => entry.id,
    text: (style, entries) =>
      trail(style, entries, workspaces, { head: COLUMNS, row: (entry) => cells(entry, style.ago) }),
    wide: (style, entries) =>
      trail(style, entries, workspaces, {
        head: WIDE_COLUMNS,
        row: (entry) => wideCells(entry, style.clock),
      }),
    none: searched(options.workspace, options.allWorkspaces === true),
  });
  showOnce(session, page);
}

interface Trail extends Taken<ShownEntry> {
  /** Names of workspaces by id, when several ledgers were read; otherwise null. */
  readonly workspaces: Names | null;
}

/**
 * @returns the records; those of several workspaces are merged by time, because each ledger has an order of its own.
 */
async function take(service: ControlPlane, options: ListOptions): Promise<Trail> {
  const { allWorkspaces, limit, cursor, all, ...filters } = options;
  const paging = { limit, cursor, all };
  const filter: AuditFilter = filterOf(filters);
  if (allWorkspaces !== true)
    return { ...(await takePage(service.audit.list(filter), paging, USUAL)), workspaces: null };
  return takeEverywhere(service, filter, mostOf(paging, USUAL), cursor);
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
