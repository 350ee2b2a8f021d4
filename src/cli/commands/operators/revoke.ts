/** `dome operators revoke`. It ends what somebody works with, so it asks for the subject, or wants `--yes`. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { confirm } from "../../confirm.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { isLastAdmin, LAST_ADMIN } from "./last-admin.ts";

export const revokeCommand = (session: Session): Command =>
  verb({
    name: "revoke",
    summary: "Revoke an operator token: it is refused from the next request on",
    description:
      "Revoke an operator token: it is refused from the next request on, and there is no way back. " +
      "On a terminal it asks for the token's subject; elsewhere it wants --yes.",
    examples: ["dome operators revoke opt_…", "dome operators revoke opt_… --yes"],
  })
    .argument("<token>", "id of the token, as `dome operators list` shows it")
    .option("--yes", "do not ask")
    .action((id: string, options: { yes?: boolean }) => revoke(session, id, options));

async function revoke(session: Session, id: string, options: { yes?: boolean }): Promise<void> {
  const service = await session.controlPlane();
  const { operators } = service;
  const asked = options.yes === true || !session.io.stdin.isTTY ? null : await operators.show(id);
  await confirm(session, options.yes, {
    answer: asked?.subject ?? "",
    question: `Revoking ${id} (${clean(asked?.subject ?? "")}, ${asked?.role ?? ""}) is final. Type its subject to go on: `,
    because: "revoking is final",
    otherwise: "the subject is another one; nothing was revoked",
    next: `dome operators revoke ${id} --yes`,
  });
  const revoked = await operators.revoke(id);
  session.output.show({
    body: revoked,
    ids: [revoked.id],
    text: () =>
      `${revoked.id} (${clean(revoked.operator.subject)}) is revoked${revoked.changed ? "" : " (it was not live any more)"}.`,
  });
  if (revoked.changed && (await isLastAdmin(service, [revoked.operator]))) session.output.warn(LAST_ADMIN);
}
