/** `dome audit open` */
import type { Command } from "commander";
import type { OpenAct } from "../../../contract/open-act.ts";
import { verb } from "../../command.ts";
import { searched, workspaceOption } from "../../option-values.ts";
import type { Cell, Style } from "../../output.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { table } from "../../table.ts";
import { showOnce } from "../../watch.ts";
import { agentsOf, userOf, what } from "./row.ts";

interface OpenOptions extends Paging {
  readonly workspace?: string;
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
    examples: ["dome audit open", "dome audit open --agent support-triage --json"],
  });
  return withPaging(command, "acts", USUAL)
    .addOption(workspaceOption())
    .option("--agent <agent>", "only acts of this caller; name or id")
    .action((options: OpenOptions, self: Command) => open(session, options, self));
}

async function open(session: Session, options: OpenOptions, command: Command): Promise<void> {
  const { limit, cursor, all, ...filter } = options;
  const { audit } = await session.controlPlane();
  const page = shownPage(
    session,
    command,
    await takePage(audit.open(filter), { limit, cursor, all }, USUAL),
    {
      id: (act) => act.id,
      text: (style, acts) =>
        table(
          style,
          COLUMNS,
          acts.map((act) => cells(act, style.ago)),
        ),
      wide: (style, acts) =>
        table(
          style,
          WIDE_COLUMNS,
          acts.map((act) => wideCells(act, style)),
        ),
      none: searched(options.workspace, false),
    },
  );
  showOnce(session, page);
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
