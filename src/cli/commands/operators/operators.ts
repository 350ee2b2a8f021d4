/** `dome operators` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { createCommand } from "./create.ts";
import { listCommand } from "./list.ts";
import { offboardCommand } from "./offboard.ts";
import { revokeCommand } from "./revoke.ts";
import { rotateCommand } from "./rotate.ts";
import { showCommand } from "./show.ts";

export const operatorsCommand = (session: Session, title: Title): Command =>
  noun(title, [
    createCommand(session),
    listCommand(session),
    showCommand(session),
    revokeCommand(session),
    rotateCommand(session),
    offboardCommand(session),
  ]);
