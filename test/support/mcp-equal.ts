/**
 * Asks two MCP servers of 2025-11-25 for everything that the first one lists, with the same arguments, and compares the
 * answers: each tool and its definition, each resource, template and prompt, a completion, and two errors.
 *
 *     const { equal, different } = await compareMcp(direct, throughDoor);   // 45, ["unknown tool", "bad arguments"]
 */
import { z } from "zod";

interface Compared {
  readonly equal: number;
  /** What was asked where the answers differ. */
  readonly different: readonly string[];
}

/** Tools whose answer is another one each time, or that ask the client for something. */
const VOLATILE: ReadonlySet<string> = new Set([
  "get-env",
  "simulate-research-query",
  "gzip-file-as-resource",
  "get-roots-list",
  "trigger-sampling-request",
  "trigger-elicitation-request",
  "trigger-url-elicitation",
  "trigger-sampling-request-async",
  "trigger-elicitation-request-async",
  "toggle-simulated-logging",
  "toggle-subscriber-updates",
]);

const ARGUMENTS: Readonly<Record<string, object>> = {
  echo: { message: "hi" },
  "get-sum": { a: 2, b: 3 },
  "get-annotated-message": { messageType: "error", includeImage: true },
  "get-resource-links": { count: 3 },
  "get-resource-reference": { resourceType: "Text", resourceId: 1 },
  "get-structured-content": { location: "Chicago" },
  "trigger-long-running-operation": { duration: 1, steps: 2 },
};
const PROMPT_ARGUMENTS: Readonly<Record<string, string>> = {
  city: "Oslo",
  department: "Engineering",
  name: "Alice",
  resourceType: "Text",
  resourceId: "1",
};

type Ask = (method: string, params: object) => Promise<unknown>;

const Listed = z.looseObject({ nextCursor: z.string().optional() });
const Named = z.looseObject({ name: z.string() });
const Prompt = Named.extend({ arguments: z.array(Named).optional() });
const Resource = z.looseObject({ uri: z.string() });

export async function compareMcp(one: string, other: string): Promise<Compared> {
  const [a, b] = [await session(one), await session(other)];
  const different: string[] = [];
  let equal = 0;
  const note = (what: string, left: unknown, right: unknown): void => {
    if (stable(left) === stable(right)) equal += 1;
    else different.push(what);
  };
  const ask = async (what: string, method: string, params: object): Promise<void> =>
    note(what, await a(method, params), await b(method, params));

  const tools = z.array(Named).parse(await all(a, "tools/list", "tools"));
  const sameTools = z.array(Named).parse(await all(b, "tools/list", "tools"));
  for (const tool of tools) {
    const { name } = tool;
    note(
      `tools/list ${name}`,
      tool,
      sameTools.find((each) => each.name === name),
    );
    if (!VOLATILE.has(name))
      await ask(`tools/call ${name}`, "tools/call", { name, arguments: ARGUMENTS[name] ?? {} });
  }
  await ask("unknown tool", "tools/call", { name: "nope", arguments: {} });
  await ask("bad arguments", "tools/call", { name: "echo", arguments: {} });
  const resources = z.array(Resource).parse(await all(a, "resources/list", "resources"));
  const sameResources = z.array(Resource).parse(await all(b, "resources/list", "resources"));
  for (const resource of resources) {
    const { uri } = resource;
    note(
      `resources/list ${uri}`,
      resource,
      sameResources.find((each) => each.uri === uri),
    );
    await ask(`resources/read ${uri}`, "resources/read", { uri });
  }
  const TEMPLATES = ["resources/templates/list", "resourceTemplates"] as const;
  note("templates", await all(a, ...TEMPLATES), await all(b, ...TEMPLATES));
  const prompts = z.array(Prompt).parse(await all(a, "prompts/list", "prompts"));
  const samePrompts = z.array(Prompt).parse(await all(b, "prompts/list", "prompts"));
  for (const prompt of prompts) {
    const { name } = prompt;
    note(
      `prompts/list ${name}`,
      prompt,
      samePrompts.find((each) => each.name === name),
    );
    const args: Record<string, string> = {};
    for (const each of prompt.arguments ?? []) args[each.name] = PROMPT_ARGUMENTS[each.name] ?? "x";
    await ask(`prompts/get ${name}`, "prompts/get", { name, arguments: args });
  }
  await ask("completion", "completion/complete", {
    ref: { type: "ref/prompt", name: "completable-prompt" },
    argument: { name: "department", value: "E" },
  });
  return { equal, different };
}

async function all(ask: Ask, method: string, member: string): Promise<unknown[]> {
  const found: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = Listed.parse(await ask(method, cursor === undefined ? {} : { cursor }));
    found.push(...z.array(z.unknown()).parse(page[member] ?? []));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

/** Without times of day and cursors, members in order. */
function stable(value: unknown): string {
  return JSON.stringify(value, (name, each: unknown) => {
    if (name === "nextCursor") return undefined;
    if (typeof each === "string") return each.replaceAll(/\d{1,2}:\d{2}:\d{2}(?: [AP]M)?/g, "T");
    return typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([x], [y]) => (x < y ? -1 : 1)))
      : each;
  });
}

const Response = z.looseObject({
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ code: z.number() }).optional(),
});

async function session(url: string): Promise<Ask> {
  let id = 0;
  let own: string | null = null;
  async function post(message: object): Promise<globalThis.Response> {
    const headers = new Headers({
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    });
    if (own !== null) {
      headers.set("mcp-session-id", own);
      headers.set("mcp-protocol-version", "2025-11-25");
    }
    return fetch(url, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
  }
  const ask: Ask = async (method, params) => {
    id += 1;
    const answer = await post({ id, method, params });
    own ??= answer.headers.get("mcp-session-id");
    const text = await answer.text();
    const isStream = (answer.headers.get("content-type") ?? "").includes("event-stream");
    const texts = isStream ? text.split(/\n\n+/).map(dataOf) : [text];
    const messages = texts.filter((each) => each !== "").map((each) => Response.parse(JSON.parse(each)));
    const said = messages.find((each) => each.id === id) ?? messages.at(-1);
    return said?.error === undefined
      ? said?.result
      : { error: { code: said.error.code, status: answer.status } };
  };
  await ask("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "equal", version: "1" },
  });
  await post({ method: "notifications/initialized" });
  return ask;
}

const dataOf = (event: string): string =>
  event
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trim())
    .join("\n");
