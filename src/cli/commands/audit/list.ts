/** `dome audit list` */
import { Option, type Command } from "commander";
import type { AuditFilter } from "../../../client/audit-trail.ts";
import type { ShownEntry } from "../../../contract/audit.ts";
import { verb } from "../../command.ts";
import { limitOption, pointInTime } from "../../option-values.ts";
import { table, type Style } from "../../output.ts";
import type { Session } from "../../session.ts";
import { filterOf, withFilters, type FilterOptions } from "./filters.ts";
import { cells, COLUMNS } from "./row.ts";

interface ListOptions extends FilterOptions {
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
    .option("--until <time>", "before this time, or a duration back from now: 1h", back)
    .addOption(
      new Option("--order <order>", "which come first").choices(["newest", "oldest"]).default("newest"),
    )
    .addOption(limitOption("records").default(DEFAULT_LIMIT))
    .action((options: ListOptions) => list(session, options));
}

export async function list(session: Session, options: ListOptions): Promise<void> {
  const service = await session.controlPlane();
  const filter: AuditFilter = filterOf(options);
  const { items, more } = await service.audit.list(filter).take(options.limit ?? DEFAULT_LIMIT);
  const { output } = session;
  output.show({
    body: items,
    ids: items.map((entry) => entry.id),
    text: () => trail(output.style, items),
  });
  if (more) output.note("There are more: raise --limit, or narrow the filters.");
}

const trail = (style: Style, entries: readonly ShownEntry[]): string =>
  table(style, COLUMNS, entries.map(cells));
