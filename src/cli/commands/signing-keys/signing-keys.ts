/** `dome signing-keys` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand } from "./list.ts";
import { rotateCommand } from "./rotate.ts";

export const signingKeysCommand = (session: Session): Command =>
  noun("signing-keys", "Keys that the service signs tokens and receipts with", [
    listCommand(session),
    rotateCommand(session),
  ]);
