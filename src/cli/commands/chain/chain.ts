/** `dome chain` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { verifyCommand } from "./verify.ts";

export const chainCommand = (session: Session, title: Title): Command =>
  noun(title, [verifyCommand(session)]);
