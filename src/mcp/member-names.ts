/**
 * Members that other parsers may read as ones that the protocol names. Some ignore the case of letters, among them Go's, on
 * which MCP servers are built: with `"name"` and `"Name"` in one message Dome would decide on one tool, and the server
 * would call the other (CVE-2026-27896). So a name of the protocol is spelled as the protocol spells it, or refused.
 */
import { foldedCase } from "../kernel/folded-case.ts";
import { isObject, type Members } from "./json-members.ts";

/** Of parameters, and of the objects in them (2025-11-25 and 2026-07-28, schema). */
const NAMES: readonly string[] = [
  "_meta",
  "argument",
  "arguments",
  "capabilities",
  "clientInfo",
  "context",
  "cursor",
  "inputResponses",
  "level",
  "message",
  "name",
  "notifications",
  "progress",
  "progressToken",
  "promptsListChanged",
  "protocolVersion",
  "reason",
  "ref",
  "requestId",
  "requestState",
  "resourceSubscriptions",
  "resourcesListChanged",
  "task",
  "taskId",
  "title",
  "toolsListChanged",
  "total",
  "type",
  "uri",
  "value",
];
const BY_FOLD: ReadonlyMap<string, string> = new Map(NAMES.map((name) => [foldedCase(name), name]));

/** Objects whose members the protocol does not name. Arguments are compared with their schema. */
const FREE: ReadonlySet<string> = new Set([
  "_meta",
  "arguments",
  "capabilities",
  "clientInfo",
  "inputResponses",
]);

/** @returns the name that a member of the parameters is nearly spelled like; null: there is none. */
export function nearlyNamed(params: Members): string | null {
  for (const [name, value] of Object.entries(params)) {
    const meant = BY_FOLD.get(foldedCase(name));
    if (meant !== undefined && meant !== name) return meant;
    const inner = isObject(value) && !FREE.has(name) ? nearlyNamed(value) : null;
    if (inner !== null) return inner;
  }
  return null;
}
