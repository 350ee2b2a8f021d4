/** `dome workspaces halts`: lists the halts of a workspace, or shows the receipt of one. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { haltFields, haltTable } from "../../halt-text.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Read, type Watching } from "../../watch.ts";

export const haltsCommand = (session: Session): Command =>
  verb({
    name: "halts",
    summary: "List the halts of a workspace, or show the receipt of one",
    examples: ["dome workspaces halts support", "dome workspaces halts support hlt_… --json"],
  })
    .argument("<workspace>", "name or id")
    .argument("[halt]", "id of a halt: show its receipt")
    .addOption(watchOption())
    .action((name: string, halt: string | undefined, options: Watching) =>
      showOrWatch(session, options, () =>
        halt === undefined ? list(session, name) : show(session, name, halt),
      ),
    );

async function list(session: Session, name: string): Promise<Read> {
  const { items } = await (await session.controlPlane()).workspaces.halts(name).take();
  const { output } = session;
  return {
    body: items,
    ids: items.map((halt) => halt.id),
    text: () => haltTable(output.style, items),
  };
}

async function show(session: Session, name: string, id: string): Promise<Read> {
  const halt = await (await session.controlPlane()).workspaces.halt(name, id);
  const { output } = session;
  return { body: halt, ids: [halt.id], text: () => haltFields(output.style, halt) };
}
