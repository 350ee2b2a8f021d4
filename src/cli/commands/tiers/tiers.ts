/** `dome tiers` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand } from "./list.ts";
import { showCommand } from "./show.ts";

export const tiersCommand = (session: Session): Command =>
  noun("tiers", "Trust levels, their limits and defaults", [listCommand(session), showCommand(session)]);
