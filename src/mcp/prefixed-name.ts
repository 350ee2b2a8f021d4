/**
 * Names at the door of all servers: the tool's name in front of the server's own. No name of a tool of Dome has a dot or
 * an underscore in it, so both forms are read in one way only, whichever was asked for.
 *
 *   zendesk.create_ticket     the default
 *   zendesk__create_ticket    for model APIs that take no dot in a name
 *   zendesk.file:///a.txt     a URI, always with the dot
 */
export type Separator = "." | "__";

export interface SplitName {
  /** The tool of Dome. */
  readonly tool: string;
  /** The name, or URI, at its server. */
  readonly name: string;
}

const PREFIXED = /^([a-z0-9][a-z0-9-]{0,62})(?:\.|__)(.+)$/s;

export function splitName(text: string): SplitName | null {
  const [, tool, name] = PREFIXED.exec(text) ?? [];
  return tool === undefined || name === undefined ? null : { tool, name };
}

/** The longest name of a tool (2026-07-28, "Tool Names"), in characters. */
export const LONGEST_NAME = 128;
