/**
 * Every list of the API is read in pages. Which routes are lists is read from the OpenAPI document: a new one is walked here, or
 * the test names it.
 */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { done, expectProblem, send } from "../security/calls.fixture.ts";
import { ADMIN, makeWorkspace, registerAgent } from "../security/installation.fixture.ts";
import { DOCUMENT, OPERATIONS, pathOf, type Operation } from "../security/routes.fixture.ts";
import { sampleRecord } from "../support/audit-sample.ts";
import { mcpAnswers } from "../support/mcp-answers.ts";

interface Page {
  readonly items: readonly object[];
  readonly next_cursor: string | null;
}

interface Answered {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
  readonly parameters?: readonly { readonly name: string; readonly schema?: { readonly maximum?: number } }[];
}
interface Schema {
  readonly $ref?: string;
  readonly properties?: object;
}

const document = DOCUMENT as unknown as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Answered>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

const documented = ({ path, method }: Operation): Answered | undefined =>
  document.paths[path]?.[method.toLowerCase()];

/** What a list answers says where it goes on. A replay does, too, and computes what it answers: it is no list. */
const LISTS = OPERATIONS.filter((operation) => {
  if (operation.method !== "GET") return false;
  const schema = documented(operation)?.responses["200"]?.content?.["application/json"]?.schema;
  const name = schema?.$ref?.split("/").at(-1);
  const whole = name === undefined ? schema : document.components.schemas[name];
  return Object.hasOwn(whole?.properties ?? {}, "next_cursor");
});

const HOME = "paged";
const values = { workspace: HOME, agent: "first", name: "server", scope: "workspace" };
const addressOf = (operation: Operation, query: string): string => {
  const home = operation.query.includes("workspace") ? `&workspace=${HOME}` : "";
  return `${pathOf(operation, values)}?${query}${home}`;
};
const read = (operation: Operation, query: string): Promise<Page> =>
  done<Page>("GET", addressOf(operation, query), { authorization: ADMIN });
const change = (path: string, body: object = {}): Promise<unknown> =>
  done("POST", `/api/v1/${path}`, { authorization: ADMIN, body });

beforeAll(async () => {
  await makeWorkspace(HOME);
  await makeWorkspace("other");
  const agent = await registerAgent(HOME, "first");
  await registerAgent(HOME, "second");
  await change(`agents/${agent.id}/keys`);
  for (const n of [1, 2]) {
    for (const kind of ["tools", "pools", "integrations"])
      await change(kind, { name: `${kind}-${n}`, workspace: HOME });
    await change("identity-providers", {
      name: `login-${n}`,
      workspace: HOME,
      issuer: `https://login-${n}.example.com`,
      audiences: [{ audience: "app" }],
      audience_scope: "workspace",
    });
    await change("operators", { subject: `ada-${n}@example.com`, role: "auditor" });
    await change(`workspaces/${HOME}/users/stop`, { issuer: "https://login.example.com", subject: `u${n}` });
  }
  const server = { kind: "mcp", url: "https://tools.example.com/", auth: { type: "bearer" } };
  await change("tools", { name: "server", workspace: HOME, ...server });
  for (const value of ["one", "two"]) await change(`tools/server/secrets?workspace=${HOME}`, { value });
  const listed = ["read", "search"].map((name) => ({ name, inputSchema: { type: "object" } }));
  const asked = vi.spyOn(globalThis, "fetch").mockImplementation(mcpAnswers(listed).answer);
  await change(`tools/server/refresh?workspace=${HOME}`);
  asked.mockRestore();
  for (const source of ["", "// another"])
    for (const scope of ["organization", "workspace", "tier:standard", "agent:first"])
      await change(`policies/${scope}/versions?workspace=${HOME}`, { source });
  await openActs();
  await change(`agents/${agent.id}/activate`);
  for (const command of ["suspend", "resume", "suspend"])
    await change(`agents/${agent.id}/${command}`, { reason: "a test" });
  await change("signing-keys/rotate");
  await change("signing-keys/rotate", { use: "receipt", mode: "now" });
}, 60_000);

/** Two intents whose outcomes never come. */
async function openActs(): Promise<void> {
  const { id: workspace } = await done<{ id: string }>("GET", `/api/v1/workspaces/${HOME}`, {
    authorization: ADMIN,
  });
  const more = { workspace, kind: "call.intent", data: { max_act_seconds: 60 } } as const;
  await env.LEDGER.getByName(workspace).append([1, 2].map((n) => sampleRecord(n, more)));
}

it("the lists of the document are the ones that are known here", () => {
  expect(LISTS.map(({ id }) => id).toSorted()).toEqual([
    "listAgents",
    "listAudit",
    "listHalts",
    "listIdentityProviders",
    "listIntegrations",
    "listKeys",
    "listKeysOfAgents",
    "listOpenActs",
    "listOperators",
    "listPolicyBundles",
    "listPolicyVersions",
    "listPools",
    "listSigningKeys",
    "listTiers",
    "listToolOperations",
    "listToolSecrets",
    "listTools",
    "listUsers",
    "listWorkspaceHalts",
    "listWorkspaces",
  ]);
});

describe.each(LISTS.map((operation) => [operation.id, operation] as const))("%s", (_id, operation) => {
  it("takes a limit of at most 200, and a cursor: no answer grows with what there is", () => {
    const parameters = documented(operation)?.parameters ?? [];
    const limit = parameters.find(({ name }) => name === "limit");
    expect(limit?.schema?.maximum).toBe(200);
    expect(operation.query).toContain("cursor");
  });

  it("read item by item is what it is read at once", async () => {
    const whole = await read(operation, "limit=200");
    expect(whole.items.length).toBeGreaterThanOrEqual(2);
    expect(whole.next_cursor).toBeNull();
    const found: object[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await read(operation, `limit=1${cursor === null ? "" : `&cursor=${cursor}`}`);
      expect(page.items.length).toBeLessThanOrEqual(1);
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(found.map(idOf)).toEqual(whole.items.map(idOf));
  });

  it("refuses a cursor that it did not give out", async () => {
    const answer = await send("GET", addressOf(operation, "cursor=bm8tY3Vyc29yIQ"), { authorization: ADMIN });
    expect(expectProblem(answer, "invalid_request").errors?.map(({ member }) => member)).toEqual(["cursor"]);
  });
});

it("a cursor of one agent's halts is refused for another's, whose place it is not", async () => {
  const halts = OPERATIONS.find(({ id }) => id === "listHalts");
  if (halts === undefined) throw new Error("the document has no listHalts");
  const { next_cursor: cursor } = await read(halts, "limit=1");
  const other = `${pathOf(halts, { agent: "second" })}?workspace=${HOME}&cursor=${cursor}`;
  const answer = await send("GET", other, { authorization: ADMIN });
  expect(expectProblem(answer, "invalid_request").errors?.[0]?.member).toBe("cursor");
});

const idOf = (item: object): unknown => {
  const { id, kid, name, decision_id: decision } = item as Readonly<Record<string, unknown>>;
  return id ?? kid ?? name ?? decision;
};
