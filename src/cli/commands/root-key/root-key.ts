/** `dome root-key` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { rewrapCommand } from "./rewrap.ts";
import { statusCommand } from "./status.ts";

export const rootKeyCommand = (session: Session, title: Title): Command =>
  noun(title, [statusCommand(session), rewrapCommand(session)]);
