/** `dome audit show`: shows one record with all its members. */
import type { Command } from "commander";
import type { ShownEntry } from "../../../contract/audit.ts";
import { isId } from "../../../kernel/ids.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { called } from "../../names.ts";
import { inWorkspace, workspaceOption } from "../../option-values.ts";
import { fields, several, type Cell, type Style } from "../../output.ts";
import type { Session } from "../../session.ts";
import { agentsOf, messageOf, operatorOf, userOf, what } from "./row.ts";
import { isLate, markedKind } from "./self-reported.ts";

export const showCommand = (session: Session): Command =>
  verb({
    name: "show",
    summary: "Show one record of the ledger, with all its members",
    examples: ["dome audit show evt_…", "dome audit show evt_… --json"],
  })
    .argument("<record>", "id of a record")
    .addOption(workspaceOption("; org: the organization's own"))
    .action((id: string, options: { workspace?: string }) => show(session, id, options));

async function show(session: Session, id: string, { workspace }: { workspace?: string }): Promise<void> {
  if (!isId("evt", id))
    throw usage(`"${id}" is not the id of a record (evt_…)`, `dome audit list${inWorkspace(workspace)}`);
  const entry = await (await session.controlPlane()).audit.show(id, workspace);
  const { output } = session;
  output.show({ body: entry, ids: [entry.id], text: () => recordText(output.style, entry) });
}

function recordText(style: Style, entry: ShownEntry): string {
  const { names, chain = [], target, request, data } = entry;
  const links = chain.map(({ agent, key }) => `${called(names, agent)} (${agent}, ${key})`);
  const members: readonly (readonly [string, Cell | undefined])[] = [
    ["id", entry.id],
    ["time", style.at(entry.time)],
    ["kind", markedKind(entry)],
    ["late", isLate(entry) ? "yes: the agent was suspended when it reported this" : undefined],
    ["workspace", entry.workspace],
    ["operator", operatorOf(entry)],
    ["agent", agentsOf(entry, names)],
    ["for", userOf(entry, names)],
    ["user", entry.user?.id],
    ["provider", entry.user?.issuer],
    ["chain", several(links)],
    ["what", target === undefined ? undefined : `${target.type} ${what(entry, names) ?? target.id}`],
    ["message", messageOf(entry)],
    ["action", entry.action],
    ["decision", entry.decision],
    ["reason", entry.reason],
    ["layer", entry.layer],
    ["detail", entry.detail],
    ["outcome", entry.outcome],
    ["latency", entry.latency_ms === undefined ? undefined : `${entry.latency_ms} ms`],
    ["policies", several(entry.policies ?? [])],
    ["decision id", entry.decision_id],
    ["transaction", entry.txn],
    ["request", entry.request_id],
    ["from", typeof request?.ip === "string" ? request.ip : undefined],
    ["data", data === undefined ? undefined : JSON.stringify(data)],
    ["in the ledger", `seq ${entry.seq}, producer ${entry.producer}, number ${entry.n}`],
    ["hash", entry.hash],
  ];
  const said = members.flatMap(([name, value]) => (value == null ? [] : [[name, value] as const]));
  return fields(style, said);
}
