/** `dome keys revoke`: revokes one key and every token minted from it; the agent's other keys stay valid. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { stoppedText } from "../../halt-text.ts";
import { inWorkspace, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { waitForHalt } from "../../wait-for-halt.ts";

interface RevokeOptions {
  readonly workspace?: string;
  readonly reason?: string;
  readonly wait?: boolean;
}

export const revokeCommand = (session: Session): Command =>
  verb({
    name: "revoke",
    summary: "Revoke an API key and every token minted from it",
    examples: ['dome keys revoke support-triage key_… --reason "found in a log" --wait'],
  })
    .argument("<agent>", "name or id")
    .argument("<key>", "id of the key")
    .addOption(workspaceOption())
    .option("--reason <text>", "the reason, recorded in the ledger")
    .option("--wait", "return when the stop is effective")
    .action((agent: string, key: string, options: RevokeOptions) => revoke(session, agent, key, options));

async function revoke(session: Session, agent: string, key: string, options: RevokeOptions): Promise<void> {
  const ref = { agent, workspace: options.workspace };
  const service = await session.controlPlane();
  let revoked = await service.keys.revoke(ref, key, options.reason);
  const { halt } = revoked;
  if (options.wait === true && halt !== null) {
    const next = `dome agents halts ${agent} ${halt.id}${inWorkspace(options.workspace)}`;
    const receipt = await waitForHalt(session, halt, () => service.agents.halt(ref, halt.id), next);
    revoked = { ...revoked, effective_in_ms: 0, halt: receipt };
  }
  const { output } = session;
  output.show({
    body: revoked,
    ids: [revoked.halt?.id ?? revoked.id],
    text: () => stoppedText(output.style, `${revoked.id} is revoked`, revoked),
  });
}
