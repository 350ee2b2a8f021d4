/** `dome users list` */
import type { Command } from "commander";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { User } from "../../../contract/user.ts";
import { verb } from "../../command.ts";
import { everyWorkspace, type Taken } from "../../every-workspace.ts";
import { allWorkspacesOption, limitOption, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { userTable } from "./view.ts";

interface ListOptions {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
  readonly limit?: number;
}

export const listCommand = (session: Session): Command =>
  verb({
    name: "list",
    summary: "List the users for whom agents have acted",
    description:
      "List the users for whom agents have acted, as the trail tells of them: who they are, through which agents, when first " +
      "and last, and whether they are stopped. A user has another id in each workspace. Reading it is itself recorded.",
    examples: ["dome users list", "dome users list -A --json"],
  })
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption())
    .addOption(limitOption("users of a workspace (default: all)"))
    .action((options: ListOptions) => list(session, options));

async function list(session: Session, options: ListOptions): Promise<void> {
  const { items, more } = await take(await session.controlPlane(), options);
  const { output } = session;
  output.show({
    body: items,
    ids: items.map((user) => user.id),
    text: () => userTable(output.style, items),
  });
  if (more) output.note("There are more: raise --limit, or leave it out.");
}

async function take(
  service: ControlPlane,
  { workspace, allWorkspaces, limit }: ListOptions,
): Promise<Taken<User>> {
  if (allWorkspaces !== true) return service.users.list({ workspace, limit }).take(limit);
  const answers = await everyWorkspace(service, (name) =>
    service.users.list({ workspace: name, limit }).take(limit),
  );
  return { items: answers.flatMap(({ items }) => items), more: answers.some(({ more }) => more) };
}
