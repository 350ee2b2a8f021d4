/** `dome root-key` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { rewrapCommand } from "./rewrap.ts";
import { statusCommand } from "./status.ts";

export const rootKeyCommand = (session: Session): Command =>
  noun("root-key", "What hangs on each version of the root key, while it is rotated", [
    statusCommand(session),
    rewrapCommand(session),
  ]);
