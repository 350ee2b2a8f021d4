/** `dome keys list`: the keys of one agent, from its object, or those of many agents by age, end or last use. */
import { Option, type Command } from "commander";
import type { KeySort } from "../../../contract/key.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { allWorkspacesOption, labelFilterOption, searched, workspaceOption } from "../../option-values.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Read, type Watching } from "../../watch.ts";
import { keyFilterOf, withKeyAges, type KeyChoice } from "./key-ages.ts";
import { keyTable, listedKeyTable, wideListedKeyTable } from "./view.ts";

interface ListOptions extends KeyChoice, Watching, Paging {
  readonly sort?: KeySort;
}

const SORTS: readonly KeySort[] = ["created", "-created", "expires", "-expires", "last_used", "-last_used"];

export const listCommand = (session: Session): Command =>
  withPaging(
    withKeyAges(
      session,
      verb({
        name: "list",
        summary: "List the API keys of one agent or of all agents, without secrets",
        description:
          "List API keys without their secrets. With an agent: its keys, as the agent itself has them. Without one: the keys of all " +
          "agents of the workspace, the oldest first. To replace what is listed, give `dome keys rotate` the same options.",
        examples: [
          "dome keys list support-triage",
          "dome keys list --live --older-than 90d",
          "dome keys list -A --live --expires-before 14d",
          "dome keys list --live --sort last_used",
        ],
      })
        .argument("[agent]", "name or id; without it, of all agents")
        .addOption(workspaceOption())
        .addOption(allWorkspacesOption())
        .option("--live", "only keys that are neither revoked nor expired, of agents that are not revoked"),
    ),
    "keys",
  )
    .addOption(labelFilterOption("of agents with this label"))
    .option("--steward <steward>", "of agents that this person or job answers for now")
    .option("--owner <owner>", "of agents that were registered for this owner")
    .addOption(
      new Option(
        "--sort <order>",
        "sort order; a leading - reverses it (default: created; with --expires-before, expires)",
      ).choices(SORTS),
    )
    .addOption(watchOption())
    .action((agent: string | undefined, options: ListOptions, command: Command) =>
      showOrWatch(session, options, () =>
        agent === undefined
          ? readMany(session, options, command)
          : readOne(session, { agent, options }, command),
      ),
    );

async function readOne(
  session: Session,
  { agent, options }: { readonly agent: string; readonly options: ListOptions },
  command: Command,
): Promise<Read> {
  const { workspace, limit, cursor, watch: _watch, ...others } = options;
  if (Object.keys(others).length > 0)
    throw usage(
      "filters, --sort and -A cannot be used with an agent; omit the agent",
      "dome keys list --help",
    );
  const { keys } = await session.controlPlane();
  const taken = await takePage(keys.list({ agent, workspace }), { limit, cursor });
  return shownPage(session, command, taken, { id: (key) => key.id, text: keyTable });
}

async function readMany(session: Session, options: ListOptions, command: Command): Promise<Read> {
  const { workspace, allWorkspaces, sort } = options;
  const service = await session.controlPlane();
  const listing = service.keys.ofAgents({
    ...keyFilterOf(options),
    sort: sort ?? (options.expiresBefore === undefined ? undefined : "expires"),
  });
  const taken = await takePage(listing, options);
  return shownPage(session, command, taken, {
    id: (key) => key.id,
    text: listedKeyTable,
    wide: wideListedKeyTable,
    none: searched(workspace, allWorkspaces === true),
  });
}
