/**
 * Requests of MCP that call no tool, as operations. A tool of a server is an operation by its name; `resources/read` is
 * `MCP /resources/read`, which no tool can be called (2026-07-28, "Tool Names"). So whoever declares all of a tool may
 * read its server's resources, and whoever declares single operations may do just those.
 */
const METHODS = [
  "completion/complete",
  "logging/setLevel",
  "prompts/get",
  "prompts/list",
  "resources/list",
  "resources/read",
  "resources/subscribe",
  "resources/templates/list",
  "resources/unsubscribe",
  "subscriptions/listen",
] as const;

export const mcpOperation = (method: string): string => `MCP /${method}`;

/** What every MCP server is taken to have beside its tools; one that lacks it says so itself. */
export const MCP_OPERATIONS: readonly string[] = METHODS.map(mcpOperation);
