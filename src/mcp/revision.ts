/** The revisions of the protocol that Dome speaks. One is modern (stateless); those before it are legacy (sessions). */
export const MODERN = "2026-07-28";
export const LEGACY = "2025-11-25";

export type Era = "modern" | "legacy";

/** The members of `_meta` that every modern request has, and those that it may have. */
export const META = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  logLevel: "io.modelcontextprotocol/logLevel",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
  /** In results: who answers. */
  serverInfo: "io.modelcontextprotocol/serverInfo",
} as const;

/** The extension for tasks. Dome serves none: the id of a task would outlive the decision that made it. */
export const TASKS = "io.modelcontextprotocol/tasks";

/** Names of members of `_meta` that begin so are the protocol's own. */
export const MODERN_META_PREFIX = "io.modelcontextprotocol/";

/** Revisions are dates, so a newer one compares greater. */
export const isModernVersion = (version: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= MODERN;
