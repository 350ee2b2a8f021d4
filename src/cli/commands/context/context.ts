/** `dome context` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand } from "./list.ts";
import { removeCommand } from "./remove.ts";
import { useCommand } from "./use.ts";

export const contextCommand = (session: Session): Command =>
  noun("context", "The services you are logged in to", [
    listCommand(session),
    useCommand(session),
    removeCommand(session),
  ]);
