/** `dome tools add` */
import { defined } from "../../../kernel/defined.ts";
import { Option, type Command } from "commander";
import { verb } from "../../command.ts";
import { collect, inWorkspace, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellEntry } from "../catalog/read.ts";
import { DomeError } from "../../../../sdk/typescript/src/errors.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { readSecret, withSecretOptions, type SecretOptions } from "../../secret-value.ts";
import type { Tool } from "../../../contract/catalog.ts";
import { modelNameFault } from "../../../contract/model-name.ts";
import type { ToolKind } from "../../../contract/upstream.ts";
import { upstreamMembers, withUpstreamOptions, type UpstreamOptions } from "./upstream.ts";
import { givenDocument, openapiOption, openapiSetting, readOpenapi } from "./openapi.ts";
import { modelNameText, refreshText } from "./operations.ts";
import { readSchemas, schemaOption, type SchemaFiles } from "./schemas.ts";
import { TOOLS } from "./view.ts";

interface AddOptions extends UpstreamOptions, SecretOptions {
  readonly workspace?: string;
  readonly description?: string;
  readonly kind: ToolKind;
  readonly operation?: readonly string[];
  readonly clearArguments?: boolean;
  readonly schema?: SchemaFiles;
  readonly openapi?: string;
}

export const addCommand = (session: Session): Command =>
  withSecretOptions(withUpstreamOptions(declared())).action((name: string, options: AddOptions) =>
    add(session, name, options),
  );

const declared = (): Command =>
  verb({
    name: "add",
    summary: "Add a tool, so that agents may declare and use it",
    examples: [
      "dome tools add zendesk",
      "dome tools add zendesk --operation create_ticket --operation close_ticket",
      "dome tools add zendesk --operation create_ticket --schema create_ticket=create_ticket.schema.json",
      "dome tools add orders --kind http --url https://orders.example.com --openapi orders.openapi.json",
      "dome tools add zendesk --kind http --url https://acme.zendesk.com/api/v2 --auth bearer --secret-env ZENDESK_TOKEN",
    ],
  })
    .argument("<name>", "its name, unique in the workspace")
    .addOption(workspaceOption())
    .addOption(
      new Option(
        "--kind <kind>",
        "local: the agent calls the tool, and Dome only checks; mcp, http: Dome calls it",
      )
        .choices(["local", "mcp", "http"])
        .default("local"),
    )
    .option("--operation <operation>", "an operation that it has; repeat for more (default: any)", collect)
    .addOption(schemaOption())
    .addOption(openapiOption())
    .option("--additional-query", "let calls have query parameters that the document does not declare")
    .option("--clear-arguments", "record arguments in clear instead of as a digest")
    .option("--description <text>", "what it is for");

async function add(session: Session, name: string, options: AddOptions): Promise<void> {
  const { workspace } = options;
  if ((options.secretEnv ?? options.secretFile) !== undefined && (options.auth?.type ?? "none") === "none")
    throw usage("a credential needs --auth: without --auth, Dome sends the server no credential");
  const schemas = options.schema === undefined ? null : await readSchemas(options.schema);
  const document = await readOpenapi(options.openapi);
  const value = await readSecret(session.io, options);
  const service = await session.controlPlane();
  const tool = await service.tools.add({
    name,
    workspace,
    kind: options.kind,
    operations: options.operation === undefined ? null : [...options.operation],
    clear_arguments: options.clearArguments === true,
    argument_schemas: schemas,
    description: options.description ?? null,
    ...defined({ openapi: document === undefined ? undefined : openapiSetting(document) }),
    ...upstreamMembers(options),
  });
  if (options.kind === "mcp") tellModelNames(session, tool);
  if (value === undefined && document === undefined) return tellEntry(session, TOOLS, tool);
  const at = `${name}${inWorkspace(workspace)}`;
  if (value !== undefined) {
    await afterAdding(
      service.toolSecrets.add(name, { value }, workspace),
      `the tool ${name} was added, but its credential was not`,
      `dome tools add-secret ${at} --secret-file FILE`,
    );
  }
  if (document !== undefined) {
    const refreshed = await afterAdding(
      service.toolOperations.refresh(name, givenDocument(document), { workspace }),
      `the tool ${name} was added, but its operations were not`,
      `dome tools refresh ${at}${document.kind === "file" ? " --openapi FILE" : ""}`,
    );
    session.output.note(refreshText(session.output.style, refreshed));
  }
  tellEntry(session, TOOLS, await service.tools.show(name, workspace));
}

/** What the server lists is not known yet; the operations that an operator names are. */
function tellModelNames({ output }: Session, { name, operations }: Tool): void {
  for (const operation of operations ?? []) {
    const fault = modelNameFault(name, operation);
    if (fault !== null) output.note(modelNameText(operation, fault));
  }
}

/** The tool is there, whatever becomes of the rest: a failure says so, and what to type next. */
async function afterAdding<T>(done: Promise<T>, said: string, next: string): Promise<T> {
  try {
    return await done;
  } catch (fault) {
    if (!(fault instanceof DomeError)) throw fault;
    throw new CommandFailure(EXIT.failed, `${said}: ${fault.message}`, next);
  }
}
