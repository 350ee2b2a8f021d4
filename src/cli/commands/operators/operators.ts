/** `dome operators` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { createCommand } from "./create.ts";
import { listCommand } from "./list.ts";
import { offboardCommand } from "./offboard.ts";
import { revokeCommand } from "./revoke.ts";
import { rotateCommand } from "./rotate.ts";
import { showCommand } from "./show.ts";

export const operatorsCommand = (session: Session): Command =>
  noun("operators", "Tokens of people and jobs that administer Dome, each with a role and an end", [
    createCommand(session),
    listCommand(session),
    showCommand(session),
    revokeCommand(session),
    rotateCommand(session),
    offboardCommand(session),
  ]);
