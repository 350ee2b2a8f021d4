/** `dome agents halts`: the stops of an agent, or the receipt of one. */
import type { Command } from "commander";
import type { Halt } from "../../../contract/halt.ts";
import { verb } from "../../command.ts";
import { clean, fields, several, table, type Style } from "../../output.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";

export const haltsCommand = (session: Session): Command =>
  verb({
    name: "halts",
    summary: "List the stops of an agent, or show the receipt of one",
    examples: ["dome agents halts support-triage", "dome agents halts support-triage hlt_… --json"],
  })
    .argument("<agent>", "name or id")
    .argument("[halt]", "id of a stop: show its receipt")
    .addOption(workspaceOption())
    .action((agent: string, halt: string | undefined, options: { workspace?: string }) =>
      halt === undefined ? list(session, { agent, ...options }) : show(session, { agent, ...options }, halt),
    );

interface Ref {
  readonly agent: string;
  readonly workspace?: string;
}

async function list(session: Session, ref: Ref): Promise<void> {
  const service = await session.controlPlane();
  const { items } = await service.agents.halts(ref).take();
  const { output } = session;
  output.show({
    body: items,
    ids: items.map((halt) => halt.id),
    text: () => haltTable(output.style, items),
  });
}

async function show(session: Session, ref: Ref, id: string): Promise<void> {
  const service = await session.controlPlane();
  const halt = await service.agents.halt(ref, id);
  const { output } = session;
  output.show({
    body: halt,
    ids: [halt.id],
    text: () => haltFields(output.style, halt),
  });
}

const haltTable = (style: Style, halts: readonly Halt[]): string =>
  table(
    style,
    ["ID", "KIND", "COMMITTED", "EFFECTIVE", "OPERATOR", "REASON"],
    halts.map((halt) => [
      halt.id,
      halt.kind,
      halt.committed_at,
      halt.effective_at ?? "not yet",
      halt.operator.subject,
      halt.reason,
    ]),
  );

function haltFields(style: Style, halt: Halt): string {
  const admitted = halt.last_admitted;
  const members = fields(style, [
    ["id", halt.id],
    ["kind", halt.kind],
    ["agents", several(halt.agents.map(({ agent, epoch }) => `${agent} (epoch ${epoch})`))],
    ["keys", several(halt.keys)],
    ["operator", `${halt.operator.subject} (${halt.operator.token})`],
    ["reason", halt.reason],
    ["committed", halt.committed_at],
    ["effective", halt.effective_at ?? `not yet: in ${halt.effective_in_ms} ms`],
    ["bound", `${halt.bound_ms} ms`],
    ["acts cut", halt.acts_cut],
    ["last admitted", admitted === null ? null : `${admitted.decision_id} at ${admitted.time}`],
  ]);
  return `${members}\n\n${clean(halt.note)}`;
}
