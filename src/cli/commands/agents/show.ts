/** `dome agents show` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Read, type Watching } from "../../watch.ts";
import { agentFields } from "./view.ts";

export const showCommand = (session: Session): Command =>
  verb({
    name: "show",
    summary: "Show an agent's record, state and surface",
    examples: ["dome agents show support-triage"],
  })
    .argument("<agent>", "name or id")
    .addOption(workspaceOption())
    .addOption(watchOption())
    .action((agent: string, { watch, workspace }: Watching & { workspace?: string }) =>
      showOrWatch(session, { watch }, () => read(session, agent, workspace)),
    );

async function read(session: Session, name: string, workspace: string | undefined): Promise<Read> {
  const service = await session.controlPlane();
  const agent = await service.agents.show({ agent: name, workspace });
  const { output } = session;
  return {
    body: agent,
    ids: [agent.id],
    text: () => agentFields(output.style, agent),
  };
}
