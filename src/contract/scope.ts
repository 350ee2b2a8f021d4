/**
 * Scope of a call token: which part of the surface it may use (design: P6, a chain only narrows).
 *
 *   surface                     all that every agent of the chain declares, evaluated at the call
 *   tool:<tool>                 every operation of a tool
 *   tool:<tool>/<operation>     one operation
 *   pool:<pool>                 a pool of models
 *   integration:<name>          an external system
 *
 * A scope is one or more of these with single spaces between (RFC 6749 §3.3). A tool covers its operations; nothing
 * else covers anything but itself. An operation is one atom: `/`, space and whatever a scope token may not hold are
 * percent-encoded in it, so that `GET /tickets` never covers `GET /tickets/{id}` by being its prefix.
 */
import { err, ok, type Result } from "../kernel/result.ts";

/** What a call is about. A tool without an operation means all of its operations. */
export type Resource =
  | { readonly kind: "tool"; readonly tool: string; readonly operation?: string }
  | { readonly kind: "pool"; readonly pool: string }
  | { readonly kind: "integration"; readonly integration: string };

export type ScopeItem = { readonly kind: "surface" } | Resource;
export type Scope = readonly ScopeItem[];

/** `item` is the part that is wrong, cut to a length that may be shown. */
export type ScopeRefusal =
  | { readonly kind: "empty" }
  | { readonly kind: "too_long"; readonly most: number }
  | { readonly kind: "unknown_item"; readonly item: string };

/** The scope of a token for which none was asked. */
export const SURFACE: Scope = [{ kind: "surface" }];

export const MAX_SCOPE_LENGTH = 4096;
const NAME = "[a-z0-9][a-z0-9-]{0,62}";
const ITEM = new RegExp(`^(?:(tool):(${NAME})(?:/([^/]{1,512}))?|(pool|integration):(${NAME}))$`);

/** Reads a scope. Repeats are dropped; the order is kept. */
export function parseScope(text: string): Result<Scope, ScopeRefusal> {
  if (text === "") return err({ kind: "empty" });
  if (text.length > MAX_SCOPE_LENGTH) return err({ kind: "too_long", most: MAX_SCOPE_LENGTH });
  const items: ScopeItem[] = [];
  for (const token of new Set(text.split(" "))) {
    const item = parseItem(token);
    if (item === undefined) return err({ kind: "unknown_item", item: token.slice(0, 100) });
    items.push(item);
  }
  return ok(items);
}

/** The text of a scope, as it stands in the `scope` claim and in token responses. */
export const formatScope = (scope: Scope): string => scope.map(formatItem).join(" ");

/** True when a token of this scope may ask for the resource; whether it is declared is another question. */
export const covers = (scope: Scope, resource: Resource): boolean =>
  scope.some((item) => itemCovers(item, resource));

/** True when `child` asks for nothing that `parent` does not cover (P6). Equal scopes narrow. */
export const narrows = (child: Scope, parent: Scope): boolean =>
  child.length > 0 && child.every((wanted) => parent.some((held) => itemCovers(held, wanted)));

function itemCovers(held: ScopeItem, wanted: ScopeItem): boolean {
  if (held.kind === "surface") return true;
  if (held.kind === "tool" && wanted.kind === "tool") {
    return held.tool === wanted.tool && (held.operation === undefined || held.operation === wanted.operation);
  }
  if (held.kind === "pool" && wanted.kind === "pool") return held.pool === wanted.pool;
  return (
    held.kind === "integration" && wanted.kind === "integration" && held.integration === wanted.integration
  );
}

function formatItem(item: ScopeItem): string {
  if (item.kind === "surface") return "surface";
  if (item.kind === "pool") return `pool:${item.pool}`;
  if (item.kind === "integration") return `integration:${item.integration}`;
  if (item.operation === undefined) return `tool:${item.tool}`;
  return `tool:${item.tool}/${encodeURIComponent(item.operation)}`;
}

function parseItem(token: string): ScopeItem | undefined {
  if (token === "surface") return { kind: "surface" };
  const [, isTool, tool = "", encoded, kind, other = ""] = ITEM.exec(token) ?? [];
  if (kind === "pool") return { kind, pool: other };
  if (kind === "integration") return { kind, integration: other };
  if (isTool === undefined) return undefined;
  if (encoded === undefined) return { kind: "tool", tool };
  const operation = decodeOperation(encoded);
  return operation === undefined ? undefined : { kind: "tool", tool, operation };
}

/** One operation has one text: `a%62` and `ab` must not be two scopes that mean the same. */
function decodeOperation(encoded: string): string | undefined {
  try {
    const operation = decodeURIComponent(encoded);
    return encodeURIComponent(operation) === encoded ? operation : undefined;
  } catch (cause) {
    if (cause instanceof URIError) return undefined;
    throw cause;
  }
}
