/** `dome workspaces halts`: the halts of a workspace, or the receipt of one. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { haltFields, haltTable } from "../../halt-text.ts";
import type { Session } from "../../session.ts";

export const haltsCommand = (session: Session): Command =>
  verb({
    name: "halts",
    summary: "List the halts of a workspace, or show the receipt of one",
    examples: ["dome workspaces halts support", "dome workspaces halts support hlt_… --json"],
  })
    .argument("<workspace>", "name or id")
    .argument("[halt]", "id of a halt: show its receipt")
    .action((name: string, halt: string | undefined) =>
      halt === undefined ? list(session, name) : show(session, name, halt),
    );

async function list(session: Session, name: string): Promise<void> {
  const { items } = await (await session.controlPlane()).workspaces.halts(name).take();
  const { output } = session;
  output.show({
    body: items,
    ids: items.map((halt) => halt.id),
    text: () => haltTable(output.style, items),
  });
}

async function show(session: Session, name: string, id: string): Promise<void> {
  const halt = await (await session.controlPlane()).workspaces.halt(name, id);
  const { output } = session;
  output.show({ body: halt, ids: [halt.id], text: () => haltFields(output.style, halt) });
}
