/** `dome chain` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { verifyCommand } from "./verify.ts";

export const chainCommand = (session: Session): Command =>
  noun("chain", "Chains of delegation: who acted for whom, with how much", [verifyCommand(session)]);
