/** From a check request to what is asked. */
import type { Action, CheckRequest } from "../contract/check.ts";
import { holdsCredential } from "../kernel/redact.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AccessRequest } from "./evaluate.ts";

const KIND: Readonly<Record<Action, AccessRequest["kind"]>> = {
  "tool:use": "tool",
  "llm:chat": "pool",
  "llm:embed": "pool",
  "integration:use": "integration",
};
const REFERENCE: Readonly<Record<AccessRequest["kind"], RegExp>> = {
  tool: /^([a-z0-9][a-z0-9-]{0,62})(?:\/([A-Za-z0-9_.-]{1,128}))?$/,
  pool: /^([a-z0-9][a-z0-9-]{0,62})(?:\/([A-Za-z0-9_.:-]{1,128}))?$/,
  integration: /^([a-z0-9][a-z0-9-]{0,62})$/,
};

/** The schema has made sure that exactly one of the members is there. */
export function parseAccessRequest(body: CheckRequest): Result<AccessRequest, { readonly member: string }> {
  if (body.tool !== undefined) return requestOf("tool:use", body.tool, "tool");
  if (body.model !== undefined) return requestOf("llm:chat", body.model, "model");
  if (body.integration !== undefined) return requestOf("integration:use", body.integration, "integration");
  if (body.action === undefined || body.resource === undefined) return err({ member: "action" });
  return requestOf(body.action, body.resource, "resource");
}

function requestOf(
  action: Action,
  reference: string,
  member: string,
): Result<AccessRequest, { readonly member: string }> {
  const kind = KIND[action];
  const [, name, part] = REFERENCE[kind].exec(reference) ?? [];
  // The reference is recorded and shown: a key in the place of an operation must not be (P4).
  if (name === undefined || holdsCredential(reference)) return err({ member });
  return ok({ kind, action, name, part: part ?? null });
}
