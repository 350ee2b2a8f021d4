/** `dome agents resume` */
import type { Command } from "commander";
import type { Session } from "../../session.ts";
import { startCommand } from "./start.ts";

export const resumeCommand = (session: Session): Command =>
  startCommand(session, "resume", {
    name: "resume",
    summary: "Resume a suspended agent",
    description:
      "Resume a suspended agent. Tokens from before the suspension stay dead: it needs new ones. A suspension by the roles " +
      "security or admin is a hold: only these roles lift it, and they say why.",
    examples: [
      "dome agents resume support-triage",
      'dome agents resume support-triage --reason "the refunds are mended"',
    ],
  });
