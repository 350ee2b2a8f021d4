/** `dome context remove` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import type { Session } from "../../session.ts";
import { forget } from "../logout.ts";

export const removeCommand = (session: Session): Command =>
  verb({
    name: "remove",
    summary: "Forget a saved service and its token",
    examples: ["dome context remove staging"],
  })
    .argument("<name>", "name of a saved service")
    .action((name: string) => forget(session, name));
