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
      summary: "Suspend agents: refuse their calls and tokens",
      description:
        "Suspend agents: Dome refuses their calls and tokens. Dome commits the stop at once; it is effective within " +
        "seconds. With --wait the command returns when the stop is effective. For several agents, Dome lists them and asks " +
        "you to confirm; in scripts, pass --yes. A suspension by the roles security or admin is " +
        "a hold: only these roles can resume the agent.",
      examples: [
        'dome agents suspend support-triage --reason "wrong refunds" --wait',
        "dome agents suspend support-triage --drain 5m --cascade",
        "dome agents suspend --label team=support --wait --yes",
      ],
    },
    () => Promise.resolve(),
  );
