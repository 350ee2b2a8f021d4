/** `dome operators revoke`. The token may be in use, so the command asks for the subject, or takes `--yes`. */
import type { Command } from "commander";
import type { OperatorRevoked } from "../../../contract/operator.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { attempt, tellFailed, type Attempt } from "../../attempt.ts";
import { verb } from "../../command.ts";
import { confirm } from "../../confirm.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { operatorTable } from "./view.ts";
import { isLastAdmin, LAST_ADMIN } from "./last-admin.ts";

export const revokeCommand = (session: Session): Command =>
  verb({
    name: "revoke",
    summary: "Revoke an operator token",
    description:
      "Revoke an operator token. Dome refuses it from the next request on, and you cannot undo this. " +
      "On a terminal, the command asks you to type the token's subject; in scripts, pass --yes.",
    examples: [
      "dome operators revoke opt_…",
      "dome operators revoke opt_… --yes",
      "dome operators revoke --subject bob@example.com",
    ],
  })
    .argument("[token]", "id of the token, as `dome operators list` shows it")
    .option("--subject <subject>", "every live token of this person or job, instead of one")
    .option("-y, --yes", "do not ask")
    .action(async (id: string | undefined, { subject, yes }: { subject?: string; yes?: boolean }) => {
      if ((id === undefined) === (subject === undefined))
        throw usage("name the token, or choose tokens with --subject", "dome operators revoke --help");
      if (id !== undefined) return revoke(session, id, { yes });
      if (subject !== undefined) await revokeAll(session, subject, yes);
    });

/** The token of this command is revoked last, because the others could not be revoked without it. */
async function revokeAll(session: Session, subject: string, yes: boolean | undefined): Promise<void> {
  const service = await session.controlPlane();
  const [{ items }, { token: mine }] = await Promise.all([
    service.operators.list({ subject }).take(),
    service.whoami(),
  ]);
  const live = items.filter(({ state }) => state === "live");
  if (live.length === 0)
    throw new CommandFailure(
      EXIT.failed,
      `${subject} has no live token; nothing was revoked`,
      "dome operators list",
    );
  const { output } = session;
  output.note(`${operatorTable(output.style, live)}\n`);
  await confirm(session, yes, {
    answer: subject,
    question: `Revoking these ${live.length} tokens of ${clean(subject)} is final. Type the subject to go on: `,
    because: `this revokes ${live.length} tokens`,
    kind: "subject",
    done: "revoked",
    next: `dome operators revoke --subject ${shellWord(subject)} --yes`,
  });
  const ordered = live.toSorted((one, other) => Number(one.id === mine) - Number(other.id === mine));
  const outcomes: (Attempt<OperatorRevoked> & { readonly name: string })[] = [];
  for (const { id } of ordered) outcomes.push({ name: id, ...(await attempt(service.operators.revoke(id))) });
  const revoked = outcomes.flatMap(({ done }) => done ?? []);
  output.show({
    body: revoked,
    ids: revoked.map(({ id }) => id),
    text: () => `Revoked ${revoked.length} of ${live.length} tokens of ${clean(subject)}.`,
  });
  tellFailed(session, outcomes);
}

async function revoke(session: Session, id: string, options: { yes: boolean | undefined }): Promise<void> {
  const service = await session.controlPlane();
  const { operators } = service;
  const asked = options.yes === true || !session.io.stdin.isTTY ? null : await operators.show(id);
  await confirm(session, options.yes, {
    answer: asked?.subject ?? "",
    question: `Revoking ${id} (${clean(asked?.subject ?? "")}, ${asked?.role ?? ""}) is final. Type its subject to go on: `,
    because: "revoking is final",
    kind: "subject",
    done: "revoked",
    next: `dome operators revoke ${shellWord(id)} --yes`,
  });
  const revoked = await operators.revoke(id);
  session.output.show({
    body: revoked,
    ids: [revoked.id],
    text: () =>
      `${revoked.id} (${clean(revoked.operator.subject)}) is revoked${revoked.changed ? "" : " (it was no longer live)"}.`,
  });
  if (revoked.changed && (await isLastAdmin(service, [revoked.operator]))) session.output.warn(LAST_ADMIN);
}
