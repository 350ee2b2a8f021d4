/** `dome workspaces` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { createCommand } from "./create.ts";
import { haltCommand } from "./halt.ts";
import { haltsCommand } from "./halts.ts";
import { listCommand } from "./list.ts";
import { resumeCommand } from "./resume.ts";
import { showCommand } from "./show.ts";
import { updateCommand } from "./update.ts";

export const workspacesCommand = (session: Session, title: Title): Command =>
  noun(title, [
    createCommand(session),
    listCommand(session),
    showCommand(session),
    updateCommand(session),
    haltCommand(session),
    resumeCommand(session),
    haltsCommand(session),
  ]);
