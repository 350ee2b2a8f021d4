/** `dome agents show` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { agentFields } from "./view.ts";

export const showCommand = (session: Session): Command =>
  verb({
    name: "show",
    summary: "Show an agent's record, state and surface",
    examples: ["dome agents show support-triage"],
  })
    .argument("<agent>", "name or id")
    .addOption(workspaceOption())
    .action((agent: string, options: { workspace?: string }) => show(session, agent, options));

export async function show(session: Session, name: string, options: { workspace?: string }): Promise<void> {
  const service = await session.controlPlane();
  const agent = await service.agents.show({ agent: name, ...options });
  const { output } = session;
  output.show({
    body: agent,
    ids: [agent.id],
    text: () => agentFields(output.style, agent),
  });
}
