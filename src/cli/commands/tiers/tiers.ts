/** `dome tiers` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand } from "./list.ts";
import { showCommand } from "./show.ts";

export const tiersCommand = (session: Session, title: Title): Command =>
  noun(title, [listCommand(session), showCommand(session)]);
