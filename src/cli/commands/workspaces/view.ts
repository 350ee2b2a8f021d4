/** How a workspace is shown to people. */
import type { Workspace } from "../../../contract/workspace.ts";
import { fields } from "../../output.ts";
import type { Session } from "../../session.ts";

export function tellWorkspace(session: Session, workspace: Workspace): void {
  const { output } = session;
  output.show({
    body: workspace,
    ids: [workspace.id],
    text: () =>
      fields(output.style, [
        ["id", workspace.id],
        ["name", workspace.name],
        ["created", output.style.at(workspace.created_at)],
        ["description", workspace.description],
        ["state", workspace.halted ? "halted" : "open"],
        ["configuration", `epoch ${workspace.config_epoch}`],
      ]),
  });
}
