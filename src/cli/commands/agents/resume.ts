/** `dome agents resume` */
import type { Command } from "commander";
import type { Session } from "../../session.ts";
import { startCommand } from "./start.ts";

export const resumeCommand = (session: Session): Command =>
  startCommand(session, "resume", {
    name: "resume",
    summary: "Resume a suspended agent",
    description: "Resume a suspended agent. Tokens from before the suspension stay dead: it needs new ones.",
    examples: ["dome agents resume support-triage"],
  });
