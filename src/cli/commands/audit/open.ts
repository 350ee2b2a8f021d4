/** `dome audit open` */
import type { Command } from "commander";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Taken } from "../../../client/listing.ts";
import type { OpenAct } from "../../../contract/open-act.ts";
import { defined } from "../../../kernel/defined.ts";
import { verb } from "../../command.ts";
import { allWorkspacesOption, searched, workspaceOption } from "../../option-values.ts";
import type { Cell, Style } from "../../output.ts";
import { mostOf, shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { table } from "../../table.ts";
import { takeFromEach, type Within } from "../../take-from-each.ts";
import { showOnce } from "../../watch.ts";
import { agentsOf, userOf, what } from "./row.ts";

interface OpenOptions extends Paging {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
  readonly agent?: string;
}

/** The number of acts without `--limit` and `--all`. */
const USUAL = 50;

export function openCommand(session: Session): Command {
  const command = verb({
    name: "open",
    summary: "List calls of tools that have no outcome yet",
    description:
      "List calls of tools that began and have no outcome yet: they run at this moment, or nobody saw their end. When no outcome can arrive any more, Dome records the outcome unknown. Dome records this reading too.",
    examples: ["dome audit open", "dome audit open -A", "dome audit open --agent support-triage --json"],
  });
  return withPaging(command, "acts", USUAL)
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption())
    .option("--agent <agent>", "only acts of this caller; name or id")
    .action((options: OpenOptions, self: Command) => open(session, options, self));
}

async function open(session: Session, options: OpenOptions, command: Command): Promise<void> {
  const { items, next } = await take(await session.controlPlane(), options);
  const everywhere = options.allWorkspaces === true;
  const names = new Map(items.map(({ workspace, item }) => [item, workspace]));
  const shown = (style: Style, head: readonly string[], rows: readonly Row[]): string =>
    table(
      style,
      everywhere ? ["WORKSPACE", ...head] : head,
      rows.map(({ act, row }) => (everywhere ? [names.get(act) ?? null, ...row] : row)),
    );
  const page = shownPage(
    session,
    command,
    { items: items.map(({ item }) => item), next },
    {
      id: (act) => act.id,
      text: (style, acts) =>
        shown(
          style,
          COLUMNS,
          acts.map((act) => ({ act, row: cells(act, style.ago) })),
        ),
      wide: (style, acts) =>
        shown(
          style,
          WIDE_COLUMNS,
          acts.map((act) => ({ act, row: wideCells(act, style) })),
        ),
      none: searched(options.workspace, everywhere),
    },
  );
  showOnce(session, page);
}

interface Row {
  readonly act: OpenAct;
  readonly row: readonly Cell[];
}

/** The acts of several workspaces stand one workspace after another, each oldest first. */
async function take(
  service: ControlPlane,
  { limit, cursor, all, workspace, allWorkspaces, agent }: OpenOptions,
): Promise<Taken<Within<OpenAct>>> {
  const paging = { limit, cursor, all };
  const list = (name: string | undefined) => service.audit.open(defined({ workspace: name, agent }));
  if (allWorkspaces === true) return takeFromEach(service, { limit: mostOf(paging, USUAL), cursor }, list);
  const { items, next } = await takePage(list(workspace), paging, USUAL);
  return { items: items.map((item) => ({ workspace: workspace ?? "", item })), next };
}

const COLUMNS = ["BEGAN", "AGENT", "USER", "WHAT", "ACTION", "CLOSES", "DECISION ID"];
const WIDE_COLUMNS = [...COLUMNS, "AGENT ID", "USER ID", "TRANSACTION", "REQUEST", "ID"];

const cells = (act: OpenAct, time: (iso: string) => Cell): Cell[] => [
  time(act.time),
  agentsOf(act, act.names),
  userOf(act, act.names),
  what(act, act.names),
  act.action ?? null,
  time(act.closes_at),
  act.decision_id ?? null,
];

const wideCells = (act: OpenAct, style: Style): Cell[] => [
  ...cells(act, style.clock),
  act.agent ?? null,
  act.user?.id ?? null,
  act.txn ?? null,
  act.request_id ?? null,
  act.id,
];
