/** Turns a check request into the resource that is asked for. */
import type { Action, CheckRequest } from "../contract/check.ts";
import { parseReference, type ResourceKind } from "../contract/resource.ts";
import { holdsCredential } from "../kernel/redact.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AccessRequest } from "./evaluate.ts";

const KIND: Readonly<Record<Action, ResourceKind>> = {
  "tool:use": "tool",
  "http:call": "tool",
  "mcp:call": "tool",
  "llm:chat": "pool",
  "llm:embed": "pool",
  "integration:use": "integration",
};

/** The schema guarantees that exactly one of the members is present. */
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
  const resource = parseReference(KIND[action], reference);
  // The reference is recorded and shown, so it must not hold a key in place of an operation (P4).
  if (resource === undefined || holdsCredential(reference)) return err({ member });
  return ok({ ...resource, action });
}
