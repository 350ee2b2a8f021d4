/** `dome users list` */
import type { Command } from "commander";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Taken } from "../../../client/listing.ts";
import type { User } from "../../../contract/user.ts";
import { verb } from "../../command.ts";
import { allWorkspacesOption, workspaceOption } from "../../option-values.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Read, type Watching } from "../../watch.ts";
import { takeFromEach } from "../../take-from-each.ts";
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
    "users",
  )
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption())
    .addOption(watchOption())
    .action((options: ListOptions, command: Command) =>
      showOrWatch(session, options, () => read(session, options, command)),
    );

async function read(session: Session, options: ListOptions, command: Command): Promise<Read> {
  const taken = await take(await session.controlPlane(), options);
  return shownPage(session, command, taken, { id: (user) => user.id, text: userTable });
}

async function take(
  service: ControlPlane,
  { workspace, allWorkspaces, watch: _watch, ...paging }: ListOptions,
): Promise<Taken<User>> {
  if (allWorkspaces !== true) return takePage(service.users.list({ workspace }), paging);
  const { items, next } = await takeFromEach(service, paging, (name) =>
    service.users.list({ workspace: name }),
  );
  return { items: items.map(({ item }) => item), next };
}
