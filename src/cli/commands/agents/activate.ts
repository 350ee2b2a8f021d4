/** `dome agents activate` */
import type { Command } from "commander";
import type { Session } from "../../session.ts";
import { startCommand } from "./start.ts";

export const activateCommand = (session: Session): Command =>
  startCommand(session, "activate", {
    name: "activate",
    summary: "Activate an agent: it may use its declared surface",
    examples: ["dome agents activate support-triage"],
  });
