/** All pages of `tools/list`, with a bound: pins are made of the whole list, or of none. */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Members } from "./json-members.ts";
import { toolDefinition, type ToolDefinition } from "./tool-definition.ts";

/** A server with more pages, or more tools, is not listed. */
export const MOST_PAGES = 50;
export const MOST_TOOLS = 500;

export interface ToolListing {
  readonly tools: readonly ToolDefinition[];
  /** Tools that cannot be pinned, each with the reason in words. */
  readonly unusable: readonly { readonly name: string; readonly why: string }[];
}

/** `malformed`: a page without a list. `endless`: a cursor that came before, or more pages or tools than the bound. */
type ListingFault = { readonly kind: "malformed" | "endless" };

/**
 * @param ask for the page at a cursor; null for the first.
 * @returns the fault of `ask` as it is.
 */
export async function allTools<Fault>(
  ask: (cursor: string | null) => Promise<Result<Members, Fault>>,
): Promise<Result<ToolListing, Fault | ListingFault>> {
  const listed: unknown[] = [];
  const seen = new Set<string>();
  let cursor: string | null = null;
  do {
    const page: Result<Members, Fault> = await ask(cursor);
    if (!page.ok) return page;
    const { tools, nextCursor = null } = page.value;
    if (!Array.isArray(tools) || (nextCursor !== null && typeof nextCursor !== "string")) {
      return err({ kind: "malformed" });
    }
    listed.push(...(tools as unknown[]));
    cursor = nextCursor;
    if (cursor !== null && seen.has(cursor)) return err({ kind: "endless" });
    if (cursor !== null) seen.add(cursor);
    if (listed.length > MOST_TOOLS || seen.size >= MOST_PAGES) return err({ kind: "endless" });
  } while (cursor !== null);
  return ok(sorted(listed));
}

/** A name that is listed twice is unusable: a call would reach whichever the server means. */
function sorted(listed: readonly unknown[]): ToolListing {
  const parsed = listed.map((tool, at) => ({ at, definition: toolDefinition(tool) }));
  const counts = new Map<string, number>();
  for (const { definition } of parsed) {
    if (definition.ok) counts.set(definition.value.name, (counts.get(definition.value.name) ?? 0) + 1);
  }
  const tools: ToolDefinition[] = [];
  const unusable: { name: string; why: string }[] = [];
  for (const { at, definition } of parsed) {
    if (!definition.ok) unusable.push({ name: nameOf(listed[at], at), why: definition.error });
    else if (counts.get(definition.value.name) === 1) tools.push(definition.value);
    else unusable.push({ name: definition.value.name, why: "is listed twice" });
  }
  return { tools, unusable };
}

/** The name if it is short enough to be one, else the place in the list. */
function nameOf(tool: unknown, at: number): string {
  const name = typeof tool === "object" && tool !== null && "name" in tool ? tool.name : undefined;
  return typeof name === "string" && /^[\w.-]{1,128}$/.test(name) ? name : `#${at + 1}`;
}
