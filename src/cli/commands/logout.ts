/** `dome logout`: forgets a saved service and its token. The token itself stays valid until it expires. */
import type { Command } from "commander";
import { verb, type Title } from "../command.ts";
import { contextNamed, readContexts, withoutContext, writeContexts } from "../config.ts";
import { CommandFailure, EXIT } from "../exit.ts";
import type { Session } from "../session.ts";

export const logoutCommand = (session: Session, title: Title): Command =>
  verb({
    ...title,
    description: "Forget a saved service and its token: the current one, or the one that --context names.",
    examples: ["dome logout", "dome logout --context staging"],
  }).action(async () => {
    const { current } = await readContexts(session.io.env);
    const name = session.wantedContext ?? current;
    if (name === null) throw new CommandFailure(EXIT.failed, "no service is chosen", "dome context list");
    await forget(session, name);
  });

/** @throws CommandFailure when there is no such context. */
export async function forget(session: Session, name: string): Promise<void> {
  const contexts = await readContexts(session.io.env);
  const context = contextNamed(contexts, name);
  if (context === undefined) {
    throw new CommandFailure(EXIT.failed, `there is no context "${name}"`, "dome context list");
  }
  await writeContexts(session.io, withoutContext(contexts, name));
  session.output.show({
    body: { name, url: context.url },
    ids: [name],
    text: () =>
      `Removed "${name}" (${context.url}) from this machine. The token itself stays valid until it expires.`,
  });
}
