/** `dome users list` */
import type { Command } from "commander";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Taken } from "../../../client/listing.ts";
import type { User } from "../../../contract/user.ts";
import { verb } from "../../command.ts";
import { everyWorkspace } from "../../every-workspace.ts";
import { allWorkspacesOption, workspaceOption } from "../../option-values.ts";
import { takePage, tellMore, tellMoreSomewhere, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Read, type Watching } from "../../watch.ts";
import { userTable } from "./view.ts";

interface ListOptions extends Paging, Watching {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
}

export const listCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "list",
      summary: "List the users for whom agents have acted, and those who are stopped",
      description:
        "List the users for whom agents have acted, from the ledger: who they are, through which agents, when first " +
        "and last, and whether they are stopped. A user who was stopped before any agent acted is listed by id. A user has " +
        "another id in each workspace. Dome records this reading too.",
      examples: ["dome users list", "dome users list -A --json"],
    }),
    "users of a workspace",
  )
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption().conflicts("cursor"))
    .addOption(watchOption())
    .action((options: ListOptions, command: Command) =>
      showOrWatch(session, options, () => read(session, options, command)),
    );

async function read(session: Session, options: ListOptions, command: Command): Promise<Read> {
  const taken = await take(await session.controlPlane(), options);
  const { items } = taken;
  const { output } = session;
  return {
    body: items,
    ids: items.map((user) => user.id),
    text: () => userTable(output.style, items),
    tell: () =>
      options.allWorkspaces === true ? tellMoreSomewhere(session, taken) : tellMore(session, command, taken),
  };
}

async function take(
  service: ControlPlane,
  { workspace, allWorkspaces, watch: _watch, ...paging }: ListOptions,
): Promise<Taken<User>> {
  if (allWorkspaces !== true) return takePage(service.users.list({ workspace }), paging);
  const answers = await everyWorkspace(service, (name) =>
    takePage(service.users.list({ workspace: name }), paging),
  );
  return {
    items: answers.flatMap(({ items }) => items),
    next: answers.find(({ next }) => next !== null)?.next ?? null,
  };
}
