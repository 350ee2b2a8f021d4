/** `dome audit replay`: delivers the records that the queue gave up on to their ledgers. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import type { Session } from "../../session.ts";

export const replayCommand = (session: Session): Command =>
  verb({
    name: "replay",
    summary: "Deliver dead letters to their ledgers",
    description:
      "Deliver audit records that the queue stopped retrying. Dome keeps them in the ledger org " +
      "until their own ledger has them, so you can run this at any time. dome status counts them.",
    examples: ["dome audit replay"],
  }).action(() => replay(session));

async function replay(session: Session): Promise<void> {
  const { audit } = await session.controlPlane();
  const replayed = await audit.replay();
  const { output } = session;
  output.show({
    body: replayed,
    ids: [],
    text: () => `${replayed.replayed} replayed, ${replayed.left} left`,
  });
  if (replayed.left > 0) {
    output.note("The rest is for the next call, or its ledger accepts nothing. See dome status.");
  }
}
