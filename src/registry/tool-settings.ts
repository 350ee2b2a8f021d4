/**
 * The settings of a tool as the registry stores them: the column of each. The contract lists the settings
 * (`TOOL_SETTINGS`); this file does not compile when one is missing here.
 */
import type { Tool, ToolPatch, ToolSettingName } from "../contract/catalog.ts";
import type { catalogTools } from "../storage/tables/catalog.ts";

type Row = typeof catalogTools.$inferSelect;

const COLUMNS = {
  description: "description",
  operations: "operations",
  clear_arguments: "clearArguments",
  argument_schemas: "argumentSchemas",
  url: "url",
  auth: "auth",
  forward_headers: "forwardHeaders",
  dome_context: "domeContext",
  context_headers: "contextHeaders",
  openapi: "openapi",
  additional_query: "additionalQuery",
  redact_paths: "redactPaths",
  redact_patterns: "redactPatterns",
  redact_unreadable: "redactUnreadable",
  max_open_calls: "maxOpenCalls",
} as const satisfies Readonly<Record<ToolSettingName, keyof Row>>;

/** The settings that a request names, by their columns. */
export const keptToolSettings = (asked: ToolPatch): Partial<Row> =>
  Object.fromEntries(
    Object.entries(COLUMNS)
      .filter(([member]) => asked[member as ToolSettingName] !== undefined)
      .map(([member, column]) => [column, asked[member as ToolSettingName]]),
  );

/** The settings of a row as the API shows them. */
export const shownToolSettings = (row: Row): Pick<Tool, ToolSettingName> =>
  Object.fromEntries(
    Object.entries(COLUMNS).map(([member, column]) => [member, row[column]]),
  ) as unknown as Pick<Tool, ToolSettingName>;
