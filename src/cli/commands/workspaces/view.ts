/** The text form of a workspace. */
import type { Workspace } from "../../../contract/workspace.ts";
import { fields, type Output, type Shown } from "../../output.ts";

export const shownWorkspace = (output: Output, workspace: Workspace): Shown => ({
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
