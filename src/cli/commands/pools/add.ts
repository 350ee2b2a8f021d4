/** `dome pools add` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { collect, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellEntry } from "../catalog/read.ts";
import { POOLS } from "./view.ts";

interface AddOptions {
  readonly workspace?: string;
  readonly description?: string;
  readonly model?: readonly string[];
}

export const addCommand = (session: Session): Command =>
  verb({
    name: "add",
    summary: "Add a pool of models, so that agents may declare and use it",
    examples: ["dome pools add premium-reasoning", "dome pools add cheap --model small-1 --model small-2"],
  })
    .argument("<name>", "its name, unique in the workspace")
    .addOption(workspaceOption())
    .option("--model <model>", "a model that it has; repeat for more (default: any)", collect)
    .option("--description <text>", "what it is for")
    .action(async (name: string, options: AddOptions) => {
      const service = await session.controlPlane();
      const pool = await service.pools.add({
        name,
        workspace: options.workspace,
        models: options.model === undefined ? null : [...options.model],
        description: options.description ?? null,
      });
      tellEntry(session, POOLS, pool);
    });
