/** All pages of `tools/list`, with a bound: pins are made of the whole list, or of none. */
import { err, ok, type Result } from "../kernel/result.ts";
import { isObject, type Members } from "./json-members.ts";
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

/** One tool of a page. Of one that cannot be pinned only the name is kept, however large it is. */
interface Listed {
  readonly name: string;
  readonly definition: Result<ToolDefinition, string>;
}

/**
 * @param ask for the page at a cursor; null for the first.
 * @returns the fault of `ask` as it is.
 */
export async function allTools<Fault>(
  ask: (cursor: string | null) => Promise<Result<Members, Fault>>,
): Promise<Result<ToolListing, Fault | ListingFault>> {
  const listed: Listed[] = [];
  const seen = new Set<string>();
  let cursor: string | null = null;
  do {
    const page: Result<Members, Fault> = await ask(cursor);
    if (!page.ok) return page;
    const { tools, nextCursor = null } = page.value;
    if (!Array.isArray(tools) || (nextCursor !== null && typeof nextCursor !== "string")) {
      return err({ kind: "malformed" });
    }
    if (listed.length + tools.length > MOST_TOOLS) return err({ kind: "endless" });
    for (const tool of tools as readonly unknown[]) listed.push(listedTool(tool, listed.length));
    cursor = nextCursor;
    if (cursor !== null && seen.has(cursor)) return err({ kind: "endless" });
    if (cursor !== null) seen.add(cursor);
    if (seen.size >= MOST_PAGES) return err({ kind: "endless" });
  } while (cursor !== null);
  return ok(sorted(listed));
}

/** Its name if it is short enough to be one, else its place in the list. */
function listedTool(tool: unknown, at: number): Listed {
  const name = isObject(tool) ? tool["name"] : undefined;
  const isNamed = typeof name === "string" && /^[\w.-]{1,128}$/.test(name);
  return { name: isNamed ? name : `#${at + 1}`, definition: toolDefinition(tool) };
}

/** A name that is listed twice is unusable: a call would reach whichever the server means. */
function sorted(listed: readonly Listed[]): ToolListing {
  const pinnable = listed.filter(({ definition }) => definition.ok);
  const byName = Map.groupBy(pinnable, ({ name }) => name);
  const tools: ToolDefinition[] = [];
  const unusable: { name: string; why: string }[] = [];
  for (const { name, definition } of listed) {
    if (!definition.ok) unusable.push({ name, why: definition.error });
    else if (byName.get(name)?.length === 1) tools.push(definition.value);
    else unusable.push({ name, why: "is listed twice" });
  }
  return { tools, unusable };
}
