/**
 * `tools/list` from pins: what was approved, and of that what the caller may call and nobody has quarantined. No server
 * is asked, so a list cannot be slow, empty or other than what is decided on.
 */
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../../kernel/bytes.ts";
import { errorMessage, RPC_ERRORS } from "../../mcp/errors.ts";
import { legacyTool } from "../../mcp/legacy-client.ts";
import { withMembers } from "../../mcp/json-text.ts";
import type { CatalogTool } from "../../registry/catalog.ts";
import { unusableIn } from "../../registry/unusable-operation.ts";
import { isRedacting } from "../../registry/redaction/rules.ts";
import type { PinnedDefinition } from "../../registry/tool-operations.ts";
import type { Era } from "../../mcp/revision.ts";
import type { ClientAnswer, ClientRequest } from "./client-request.ts";
import { offers, type DoorView, type McpPorts } from "./door-view.ts";

/** The largest page, in characters of definitions; one definition is always on it. */
const MOST_PAGE = 1_048_576;

export async function listTools(
  ports: Pick<McpPorts, "configuration">,
  view: DoorView,
  { era, message: { id, params } }: ClientRequest,
): Promise<ClientAnswer> {
  const { tool, configEpoch } = view;
  const after = afterOf(params["cursor"]);
  if (after === null) return { ...BAD_CURSOR, text: errorMessage(id, BAD_CURSOR.error) };
  const pinned = await ports.configuration.definitions(tool.id, configEpoch);
  const offered = pinned.filter((each) => each.name > after && offers(view, each.name));
  const { callable, unusable } = callableOf(tool, offered);
  const { page, next } = pageOf(callable);
  const members = [
    ...(era === "modern" ? ['"resultType":"complete"'] : []),
    `"tools":[${page.map(({ text }) => listedFor(era, tool, text)).join(",")}]`,
    ...(next === null ? [] : [`"nextCursor":${JSON.stringify(next)}`]),
    // A quarantine or a change of the surface is to be seen with the next list.
    ...(era === "modern" ? ['"ttlMs":0', '"cacheScope":"private"'] : []),
    ...(unusable.length === 0 || after !== "" ? [] : [`"_meta":${unusableMeta(unusable)}`]),
  ];
  const text = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{${members.join(",")}}}`;
  return { kind: "message", status: 200, text, decision: null };
}

/**
 * A pinned definition, as a client of this era may read it. What Dome has redacted need not match the `outputSchema`, and
 * a client would refuse it, so none is listed then.
 */
export function listedFor(era: Era, { upstream }: CatalogTool, definition: string): string {
  const listed = era === "modern" ? definition : legacyTool(definition);
  return upstream === null || !isRedacting(upstream.redaction)
    ? listed
    : withMembers(listed, { outputSchema: null });
}

interface Unusable {
  readonly name: string;
  readonly why: string;
}

/** No call of the others can be checked: a model would call them in vain. */
export function callableOf(
  tool: CatalogTool,
  offered: readonly PinnedDefinition[],
): { readonly callable: readonly PinnedDefinition[]; readonly unusable: readonly Unusable[] } {
  const unusable = offered.flatMap(({ name }): Unusable[] => {
    const found = unusableIn(tool, name);
    return found === null ? [] : [{ name, why: found.why }];
  });
  const left = new Set(unusable.map(({ name }) => name));
  return { callable: offered.filter(({ name }) => !left.has(name)), unusable };
}

/** The most operations that a list names as left out. */
const MOST_UNUSABLE = 50;

/** The `_meta` of a list that leaves these out. */
const unusableMeta = (unusable: readonly Unusable[]): string =>
  JSON.stringify({ "dome/unusable": unusable.slice(0, MOST_UNUSABLE) });

function pageOf(offered: readonly PinnedDefinition[]) {
  let size = 0;
  const end = offered.findIndex(({ text }, at) => (size += text.length) > MOST_PAGE && at > 0);
  const page = end === -1 ? offered : offered.slice(0, end);
  const last = page.at(-1);
  return { page, next: end === -1 || last === undefined ? null : toBase64Url(utf8(last.name)) };
}

/** The name behind which the page begins; null for what is no cursor of a list. */
function afterOf(cursor: unknown): string | null {
  if (cursor === undefined) return "";
  if (typeof cursor !== "string" || !/^[\w-]{1,256}$/.test(cursor)) return null;
  try {
    return fromUtf8(fromBase64Url(cursor));
  } catch {
    return null;
  }
}

const BAD_CURSOR = {
  kind: "message",
  status: 200,
  decision: null,
  error: {
    code: RPC_ERRORS.invalidParams,
    message: "The cursor is not one of this list. List from the start.",
  },
} as const;
