/** `dome agents suspend` */
import type { Command } from "commander";
import type { Session } from "../../session.ts";
import { stopCommand } from "./stop.ts";

export const suspendCommand = (session: Session): Command =>
  stopCommand(
    session,
    "suspend",
    {
      name: "suspend",
      summary: "Suspend agents: stop their calls and their tokens",
      description:
        "Suspend agents: stop their calls and their tokens. The stop is committed at once and effective within " +
        "seconds; with --wait the command returns when no door admits a call of them any more. Several agents are " +
        "listed first, and asked about; without a terminal that wants --yes. A suspension by the roles security or admin is " +
        "a hold: only these roles lift it.",
      examples: [
        'dome agents suspend support-triage --reason "wrong refunds" --wait',
        "dome agents suspend support-triage --drain 5m --cascade",
        "dome agents suspend --label team=support --wait --yes",
      ],
    },
    () => Promise.resolve(),
  );
