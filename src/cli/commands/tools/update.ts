/** `dome tools update` */
import { Option, type Command } from "commander";
import type { Tool } from "../../../contract/catalog.ts";
import { defined } from "../../../kernel/defined.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { collect, evenIfPoliciesBreakOption, inWorkspace, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellEntry } from "../catalog/read.ts";
import { givenDocument, openapiOption, openapiSetting, readOpenapi } from "./openapi.ts";
import { refreshText } from "./operations.ts";
import { noSchemaOption, readSchemas, schemaOption, type SchemaFiles, type Schemas } from "./schemas.ts";
import { upstreamMembers, withUpstreamOptions, type UpstreamOptions } from "./upstream.ts";
import { TOOLS } from "./view.ts";

interface UpdateOptions extends UpstreamOptions {
  readonly workspace?: string;
  readonly description?: string;
  readonly operation?: readonly string[];
  readonly anyOperation?: boolean;
  readonly clearArguments?: boolean;
  readonly schema?: SchemaFiles;
  readonly noSchema?: readonly string[];
  readonly noForwardedHeader?: boolean;
  readonly noContextHeaders?: boolean;
  readonly noRedaction?: boolean;
  readonly openapi?: string;
  readonly noOpenapi?: boolean;
  readonly evenIfPoliciesBreak?: boolean;
}

export const updateCommand = (session: Session): Command =>
  withUpstreamOptions(declared()).action((name: string, options: UpdateOptions) =>
    update(session, name, options),
  );

const declared = (): Command =>
  verb({
    name: "update",
    summary: "Change a tool of the catalog; its name stays",
    examples: [
      "dome tools update zendesk --operation create_ticket --operation close_ticket",
      "dome tools update zendesk --schema create_ticket=create_ticket.schema.json --no-schema close_ticket",
    ],
  })
    .argument("<name>", "its name")
    .addOption(workspaceOption())
    .option(
      "--operation <operation>",
      "an operation that it has; repeat for more; replaces them all",
      collect,
    )
    .option("--any-operation", "let it have any operation")
    .addOption(schemaOption())
    .addOption(noSchemaOption())
    .addOption(openapiOption())
    .addOption(flag("--no-openapi", "let no document describe the operations").conflicts("openapi"))
    .option("--additional-query", "let calls have query parameters that the document does not declare")
    .option("--no-additional-query", "refuse such parameters")
    .option("--clear-arguments", "record arguments in clear from now on")
    .option("--no-clear-arguments", "record arguments as a digest from now on")
    .addOption(flag("--no-forwarded-header", "forward the usual headers only"))
    .addOption(flag("--no-context-headers", "decide on no header of the caller"))
    .addOption(
      flag("--no-redaction", "let answers pass as they are").conflicts(["redactPath", "redactPattern"]),
    )
    .option("--no-dome-context", "send no signed context along")
    .option("--description <text>", "what it is for; an empty one removes it")
    .addOption(evenIfPoliciesBreakOption());

async function update(session: Session, name: string, options: UpdateOptions): Promise<void> {
  const { schemas, readVersion } = await changedSchemas(session, name, options);
  const document = await readOpenapi(options.openapi);
  const patch = defined({
    openapi: options.noOpenapi === true ? null : document && openapiSetting(document),
    description: options.description === "" ? null : options.description,
    operations: options.anyOperation === true ? null : options.operation && [...options.operation],
    clear_arguments: options.clearArguments,
    argument_schemas: schemas,
    forward_headers: options.noForwardedHeader === true ? [] : undefined,
    context_headers: options.noContextHeaders === true ? [] : undefined,
    ...upstreamMembers(options),
    ...defined({
      redact_paths: options.noRedaction === true ? [] : undefined,
      redact_patterns: options.noRedaction === true ? [] : undefined,
    }),
  });
  if (Object.keys(patch).length === 0) throw usage("nothing to change; see --help");
  const { tools, toolOperations } = await session.controlPlane();
  const { workspace, evenIfPoliciesBreak } = options;
  const entry = await tools.update(name, patch, { workspace, evenIfPoliciesBreak, readVersion });
  if (document !== undefined) {
    const given = givenDocument(document);
    const refreshed = await toolOperations.refresh(name, given, { workspace, evenIfPoliciesBreak });
    session.output.note(refreshText(session.output.style, refreshed));
  }
  tellEntry(session, TOOLS, entry);
  if (patch.url !== undefined && document === undefined) tellMoved(session, entry, options.workspace);
}

/** Approvals are of the server at one address. */
function tellMoved({ output }: Session, { name, quarantined }: Tool, workspace: string | undefined): void {
  if (quarantined === 0) return;
  output.note(
    `The tool has another address, so its operations are quarantined (${quarantined}): calls of them are denied until you ` +
      "have refreshed the tool and approved them.",
  );
  output.next(`dome tools refresh ${shellWord(name)}${inWorkspace(workspace)}`);
}

function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  option.negate = false; // a flag of its own: there is no option without `no` that it could negate
  return option;
}

/**
 * The API replaces all schemas of a tool at once. So the new set is the current one with the changes, for the version
 * that was read.
 */
async function changedSchemas(
  session: Session,
  name: string,
  { schema, noSchema = [], workspace }: UpdateOptions,
): Promise<{ readonly schemas?: Schemas | null; readonly readVersion?: number }> {
  if (schema === undefined && noSchema.length === 0) return {};
  const added = await readSchemas(schema ?? []);
  const present = await (await session.controlPlane()).tools.show(name, workspace);
  const have = present.argument_schemas ?? {};
  for (const operation of noSchema) {
    if (!Object.hasOwn(have, operation)) throw usage(`--no-schema ${operation}: it has no schema`);
  }
  const kept = Object.entries(have).filter(([operation]) => !noSchema.includes(operation));
  const after = { ...Object.fromEntries(kept), ...added };
  return { schemas: Object.keys(after).length === 0 ? null : after, readVersion: present.version };
}
