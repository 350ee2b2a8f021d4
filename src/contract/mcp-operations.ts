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
const MCP_OPERATIONS: readonly string[] = METHODS.map(mcpOperation);

/** A message of a client that answers a question of the server has no method of its own. */
export const MCP_RESPONSE = mcpOperation("response");
/** The end of a session is a request of HTTP alone. */
export const MCP_SESSION_END = mcpOperation("session/end");

/**
 * What a client of 2025-11-25 sends beside requests for something, in words: its session begins and ends, and messages
 * pass in it. Whoever may use any part of an MCP tool may send these, because nothing of its server can be used without
 * them.
 */
const CONNECTION: ReadonlyMap<string, string> = new Map([
  [mcpOperation("initialize"), "the client begins a session"],
  [mcpOperation("notifications/cancelled"), "the client cancels a request"],
  [mcpOperation("notifications/initialized"), "the client is ready"],
  [mcpOperation("notifications/progress"), "the client tells how far it has come"],
  [mcpOperation("notifications/roots/list_changed"), "the client's roots have changed"],
  [MCP_RESPONSE, "the client answers a question of the server"],
  [MCP_SESSION_END, "the client ends its session"],
]);
export const MCP_CONNECTION: readonly string[] = [...CONNECTION.keys()];

/** What the operation is, for people; undefined for an operation that says so itself. */
export const connectionInWords = (operation: string): string | undefined => CONNECTION.get(operation);

/**
 * The operations of an MCP server.
 * @param kept those that the tool's entry keeps; null: all.
 */
export const offeredByMcp = (
  tools: readonly string[],
  kept: ReadonlySet<string> | null,
): readonly string[] => [
  ...[...tools, ...MCP_OPERATIONS].filter((name) => kept?.has(name) ?? true),
  ...MCP_CONNECTION,
];
