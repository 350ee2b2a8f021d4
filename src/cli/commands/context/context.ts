/** `dome context` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand } from "./list.ts";
import { removeCommand } from "./remove.ts";
import { useCommand } from "./use.ts";

export const contextCommand = (session: Session, title: Title): Command =>
  noun(title, [listCommand(session), useCommand(session), removeCommand(session)]);
