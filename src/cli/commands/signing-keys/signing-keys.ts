/** `dome signing-keys` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand } from "./list.ts";
import { rotateCommand } from "./rotate.ts";

export const signingKeysCommand = (session: Session, title: Title): Command =>
  noun(title, [listCommand(session), rotateCommand(session)]);
