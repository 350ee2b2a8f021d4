/**
 * The scope of a call token: the part of the surface that it may use (design: P6, a chain only narrows).
 *
 *   surface            all that every agent of the chain declares, evaluated at the call
 *   tool:…, pool:…, integration:…   a resource, as an item (resource.ts)
 *
 * A scope is one or more of these with single spaces between (RFC 6749 §3.3).
 */
import { err, ok, type Result } from "../kernel/result.ts";
import { covers, itemOf, parseItem, type Resource } from "./resource.ts";

type ScopeItem = { readonly kind: "surface" } | Resource;
export type Scope = readonly ScopeItem[];

/** `item` is the invalid part, cut to a length that may be shown. */
type ScopeRefusal =
  | { readonly kind: "empty" }
  | { readonly kind: "too_long"; readonly most: number }
  | { readonly kind: "unknown_item"; readonly item: string };

const SURFACE_ITEM = { kind: "surface" } as const;
/** The scope of a token that was requested without one. */
export const SURFACE: Scope = [SURFACE_ITEM];

const MAX_SCOPE_LENGTH = 4096;

/** Reads a scope. Repeats are dropped; the order is kept. */
export function parseScope(text: string): Result<Scope, ScopeRefusal> {
  if (text === "") return err({ kind: "empty" });
  if (text.length > MAX_SCOPE_LENGTH) return err({ kind: "too_long", most: MAX_SCOPE_LENGTH });
  const items: ScopeItem[] = [];
  for (const token of new Set(text.split(" "))) {
    const item = token === "surface" ? SURFACE_ITEM : parseItem(token);
    if (item === undefined) return err({ kind: "unknown_item", item: token.slice(0, 100) });
    items.push(item);
  }
  return ok(items);
}

/** The text of a scope, as it stands in the `scope` claim and in token responses. */
export const formatScope = (scope: Scope): string =>
  scope.map((item) => (item.kind === "surface" ? "surface" : itemOf(item))).join(" ");

/** True when a token of this scope may ask for the resource. The surface is checked separately. */
export const scopeCovers = (scope: Scope, resource: Resource): boolean =>
  scope.some((item) => itemCovers(item, resource));

/** True when a token of this scope may ask for the resource, or for some part of the same whole. */
export const reachesInto = (scope: Scope, { kind, name }: Resource): boolean =>
  scope.some((item) => item.kind === "surface" || (item.kind === kind && item.name === name));

/** True when `child` asks for nothing that `parent` does not cover (P6). Equal scopes narrow. */
export const narrows = (child: Scope, parent: Scope): boolean =>
  child.length > 0 && child.every((wanted) => parent.some((held) => itemCovers(held, wanted)));

const itemCovers = (held: ScopeItem, wanted: ScopeItem): boolean =>
  held.kind === "surface" || (wanted.kind !== "surface" && covers(held, wanted));
