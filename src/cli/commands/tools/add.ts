/** `dome tools add` */
import { Option, type Command } from "commander";
import { verb } from "../../command.ts";
import { collect, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellEntry } from "../catalog/read.ts";
import { readSchemas, schemaOption, type SchemaFiles } from "./schemas.ts";
import { TOOLS } from "./view.ts";

interface AddOptions {
  readonly workspace?: string;
  readonly description?: string;
  readonly kind: "local";
  readonly operation?: readonly string[];
  readonly clearArguments?: boolean;
  readonly schema?: SchemaFiles;
}

export const addCommand = (session: Session): Command =>
  verb({
    name: "add",
    summary: "Add a tool, so that agents may declare and use it",
    examples: [
      "dome tools add zendesk",
      "dome tools add zendesk --operation create_ticket --operation close_ticket",
      "dome tools add zendesk --operation create_ticket --schema create_ticket=create_ticket.schema.json",
    ],
  })
    .argument("<name>", "its name, unique in the workspace")
    .addOption(workspaceOption())
    .addOption(
      new Option("--kind <kind>", "local: the agent calls it itself, Dome only checks")
        .choices(["local"])
        .default("local"),
    )
    .option("--operation <operation>", "an operation that it has; repeat for more (default: any)", collect)
    .addOption(schemaOption())
    .option("--clear-arguments", "record arguments in clear instead of as a digest")
    .option("--description <text>", "what it is for")
    .action(async (name: string, options: AddOptions) => {
      const schemas = options.schema === undefined ? null : await readSchemas(options.schema);
      const service = await session.controlPlane();
      const tool = await service.tools.add({
        name,
        workspace: options.workspace,
        kind: options.kind,
        operations: options.operation === undefined ? null : [...options.operation],
        clear_arguments: options.clearArguments === true,
        argument_schemas: schemas,
        description: options.description ?? null,
      });
      tellEntry(session, TOOLS, tool);
    });
