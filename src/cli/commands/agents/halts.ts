/** `dome agents halts`: the stops of an agent, or the receipt of one. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { haltFields, haltTable } from "../../halt-text.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Read, type Watching } from "../../watch.ts";

export const haltsCommand = (session: Session): Command =>
  verb({
    name: "halts",
    summary: "List the stops of an agent, or show the receipt of one",
    examples: ["dome agents halts support-triage", "dome agents halts support-triage hlt_… --json"],
  })
    .argument("<agent>", "name or id")
    .argument("[halt]", "id of a stop: show its receipt")
    .addOption(workspaceOption())
    .addOption(watchOption())
    .action(
      (agent: string, halt: string | undefined, { workspace, watch }: Watching & { workspace?: string }) =>
        showOrWatch(session, { watch }, () =>
          halt === undefined
            ? list(session, { agent, workspace })
            : show(session, { agent, workspace }, halt),
        ),
    );

interface Ref {
  readonly agent: string;
  readonly workspace: string | undefined;
}

async function list(session: Session, ref: Ref): Promise<Read> {
  const service = await session.controlPlane();
  const { items } = await service.agents.halts(ref).take();
  const { output } = session;
  return {
    body: items,
    ids: items.map((halt) => halt.id),
    text: () => haltTable(output.style, items),
  };
}

async function show(session: Session, ref: Ref, id: string): Promise<Read> {
  const service = await session.controlPlane();
  const halt = await service.agents.halt(ref, id);
  const { output } = session;
  return {
    body: halt,
    ids: [halt.id],
    text: () => haltFields(output.style, halt),
  };
}
