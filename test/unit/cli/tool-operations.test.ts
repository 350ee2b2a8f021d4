/** `dome tools operations`, `diff` and `approve`: what somebody sees of a definition before approving it. */
import { describe, expect, it } from "vitest";
import type { ToolOperationDetail } from "../../../src/contract/tool-operation.ts";
import { json, problem, refusalOf } from "../client/fake-service.ts";
import { dome } from "./run-cli.ts";

const HASH = "a".repeat(64);
const WAITING = "b".repeat(64);
const DEFINITION = {
  name: "search",
  title: "Search",
  description: "Searches the tickets.",
  inputSchema: { type: "object", properties: { query: { type: "string" } }, required: ["query"] },
  annotations: { readOnlyHint: true },
};
const operation: ToolOperationDetail = {
  name: "search",
  tool: "zendesk",
  state: "quarantined",
  why: "new",
  hash: null,
  pending_hash: WAITING,
  read_only: false,
  destructive: true,
  unusable: null,
  approved_by: null,
  approved_at: null,
  definition: null,
  pending: DEFINITION,
  differences: [],
};
const diff = (shown: ToolOperationDetail) =>
  dome(["tools", "diff", "zendesk", "search"], { replies: [json(200, shown)] });

describe("dome tools diff", () => {
  it("shows all of a new operation, because nobody has seen it", async () => {
    const { stdout, stderr } = await diff(operation);
    expect(stdout).toMatch(/^state +quarantined: new, nobody has approved it$/m);
    expect(stdout).toMatch(/^title +Search$/m);
    expect(stdout).toMatch(/^description +Searches the tickets\.$/m);
    expect(stdout).toMatch(/^the server's hints +\{"readOnlyHint":true\}$/m);
    expect(stdout).toMatch(/^destructive +yes$/m);
    expect(stdout).toContain("The definition that waits:\n{\n");
    expect(stdout).toContain('"required": [\n      "query"\n    ]');
    expect(stderr).toContain(`next: dome tools approve zendesk search --hash ${WAITING}`);
  });

  it("shows the method and path of an operation of an HTTP API", async () => {
    const request = { method: "GET", path: "/tickets/{id}", parameters: [], body: null };
    const { stdout } = await diff({ ...operation, pending: { ...DEFINITION, request } });
    expect(stdout).toMatch(/^request +GET \/tickets\/\{id\}$/m);
  });

  it("shows a change in words and as a diff, in which the order of members means nothing", async () => {
    const { annotations, ...rest } = DEFINITION;
    const { stdout } = await diff({
      ...operation,
      why: "changed",
      hash: HASH,
      definition: DEFINITION,
      pending: { annotations, ...rest, description: "Sends the tickets away." },
      differences: ['/description changed from "Searches the tickets." to "Sends the tickets away."'],
    });
    expect(stdout).toContain('What changed:\n/description changed from "Searches the tickets."');
    expect(stdout).toContain(
      [
        "@@ -1,7 +1,7 @@",
        " {",
        '   "name": "search",',
        '   "title": "Search",',
        '-  "description": "Searches the tickets.",',
        '+  "description": "Sends the tickets away.",',
        '   "inputSchema": {',
        '     "properties": {',
        '       "query": {',
      ].join("\n"),
    );
  });

  it("shows the approved definition where nothing waits, and asks for no approval of what is gone", async () => {
    const pinned = { ...operation, hash: HASH, pending_hash: null, definition: DEFINITION, pending: null };
    const approved = await diff({ ...pinned, state: "pinned", why: null });
    expect(approved.stdout).toContain("The approved definition:\n{\n");
    expect(approved.stderr).toBe("");
    const gone = await diff({ ...pinned, why: "gone", differences: ["The server no longer lists it."] });
    expect(gone.stdout).toMatch(/^state +quarantined: the server no longer lists it$/m);
    expect(gone.stderr).not.toContain("approve");
  });

  it("sends to a refresh after a move, and compares with what was approved at the former address", async () => {
    const moved = { ...operation, why: "moved" as const, definition: DEFINITION, pending_hash: null };
    const unlisted = await diff({ ...moved, pending: null, differences: ["It was not listed yet."] });
    expect(unlisted.stdout).toMatch(
      /^state +quarantined: the tool has another address since it was approved$/m,
    );
    expect(unlisted.stdout).toMatch(/^approved +not at this address$/m);
    expect(unlisted.stdout).toContain("The definition that was approved at the former address:\n{\n");
    expect(unlisted.stderr).toBe("next: dome tools refresh zendesk\n");
    const listed = await diff({ ...moved, pending: DEFINITION, pending_hash: WAITING });
    expect(listed.stdout).not.toContain("As a diff");
    expect(listed.stderr).toContain(`next: dome tools approve zendesk search --hash ${WAITING}`);
  });

  it("escapes what a hostile definition writes to the terminal", async () => {
    const description = "safe\u001b[2J\u202Eevil\nwaiting  nothing";
    const { stdout } = await diff({
      ...operation,
      why: "changed",
      hash: HASH,
      definition: DEFINITION,
      pending: { ...DEFINITION, description, "\u202Ename": { "\u009B2J": 1 } },
    });
    for (const char of ["\u001B", "\u009B", "\u202E"]) expect(stdout).not.toContain(char);
    expect(stdout).not.toMatch(/^waiting {2}nothing$/m);
  });
});

describe("dome tools operations", () => {
  const listed = {
    name: "search",
    tool: "zendesk",
    state: "pinned",
    why: null,
    hash: HASH,
    pending_hash: null,
    read_only: true,
    destructive: false,
    approved_by: "ada@example.com",
    approved_at: "2026-11-28T09:00:00.000Z",
  };
  const page = (items: readonly object[]) => json(200, { items, next_cursor: null });

  it("shows what was reviewed, and in the wide form the hashes", async () => {
    const { stdout } = await dome(["tools", "operations", "zendesk"], { replies: [page([listed])] });
    expect(stdout).toMatch(/^NAME +STATE +WHY +READ ONLY +DESTRUCTIVE +APPROVED +BY$/m);
    expect(stdout).toMatch(/^search +pinned +- +yes +no /m);
    const wide = await dome(["tools", "operations", "zendesk", "-o", "wide"], { replies: [page([listed])] });
    expect(wide.stdout).toContain(HASH);
  });
});

describe("an operation whose schema Dome cannot use", () => {
  const why = "has a schema that cannot be checked: /properties/q/pattern in it has a look-ahead";
  const { definition: _none, pending: _waits, differences: _words, ...row } = operation;
  const pinned = { ...row, state: "pinned", why: null, hash: HASH, pending_hash: null, unusable: why };
  const said = `Calls of search are denied: the operation ${why}.`;
  const next = "next: dome tools update zendesk --schema search=FILE\n";

  it.each([
    [["tools", "operations", "zendesk"], json(200, { items: [pinned], next_cursor: null })],
    [["tools", "approve", "zendesk", "search", "--hash", HASH], json(200, pinned)],
  ])("is said by %j, with the schema to give next", async (words, reply) => {
    const { stderr } = await dome(words, { replies: [reply] });
    expect(stderr).toContain(said);
    expect(stderr).toContain(next);
  });

  it("is said beside its definition", async () => {
    const { stdout } = await diff({ ...operation, unusable: why });
    expect(stdout).toContain(`denied: the operation ${why}\n`);
  });
});

describe("dome tools operations of a tool that has moved", () => {
  const waiting = { ...operation, why: "moved" };
  const { definition: _none, pending: _waits, differences: _words, ...listed } = waiting;
  const shown = (pending_hash: string | null) =>
    dome(["tools", "operations", "zendesk"], {
      replies: [json(200, { items: [{ ...listed, pending_hash }], next_cursor: null })],
    });

  it("names the refresh first, then what to look at", async () => {
    const unlisted = await shown(null);
    expect(unlisted.stderr).toContain("The tool has another address since its operations were approved.");
    expect(unlisted.stderr).toContain("next: dome tools refresh zendesk\n");
    expect((await shown(WAITING)).stderr).toBe("next: dome tools diff zendesk search\n");
  });
});

describe("dome tools refresh", () => {
  it("warns of a name that model APIs refuse: the operation is pinned all the same", async () => {
    const refreshed = {
      id: "tol_01k9v3m8q2x7n5r4t6w0y1z2a3",
      tool: "zendesk",
      era: "modern",
      pinned: 1,
      quarantined: [],
      restored: [],
      unusable: [],
      not_for_models: [{ name: "a.b", why: "has a character that model APIs refuse" }],
    };
    const { stdout } = await dome(["tools", "refresh", "zendesk"], { replies: [json(200, refreshed)] });
    expect(stdout).toContain(
      "warning: a model may not be offered a.b: it has a character that model APIs refuse\n",
    );
  });
});

describe("dome tools operations without a pinned one", () => {
  const tool = {
    id: "tol_01k9v3m8q2x7n5r4t6w0y1z2a3",
    name: "web",
    workspace_id: "wsp_01k9v3m8q2x7n5r4t6w0y1z2a3",
    description: null,
    created_at: "2026-11-28T09:00:00.000Z",
    version: 1,
    kind: "http",
    operations: ["GET /items/{id}"],
    clear_arguments: false,
    argument_schemas: null,
    url: "https://web.example",
    auth: { type: "none" },
    forward_headers: [],
    dome_context: null,
    context_headers: [],
    openapi: null,
    additional_query: false,
    credential: "not_needed",
  };
  it.each([
    [{}, "its catalog entry declares: GET /items/{id}."],
    [{ operations: [] }, "No operation of web is pinned, and its catalog entry allows no operation."],
    [{ operations: null }, "No operation of web is pinned, and calls may use any operation."],
    [{ kind: "mcp", operations: null }, "next: dome tools refresh web"],
  ])("says of %j which operations calls may have", async (over, said) => {
    const { stderr } = await dome(["tools", "operations", "web"], {
      replies: [json(200, { items: [], next_cursor: null }), json(200, { ...tool, ...over })],
    });
    expect(stderr).toContain(said);
  });

  it("names the refresh in the same workspace: elsewhere the name is of another tool, or of none", async () => {
    const { stderr } = await dome(["tools", "operations", "web", "--workspace", "support"], {
      replies: [
        json(200, { items: [], next_cursor: null }),
        json(200, { ...tool, kind: "mcp", operations: null }),
      ],
    });
    expect(stderr).toContain("next: dome tools refresh web --workspace support\n");
  });
});

describe("dome tools approve", () => {
  const APPROVE = ["tools", "approve", "zendesk", "search", "--hash", HASH];

  it("sends to the definition that waits when the hash is another one", async () => {
    const stale = refusalOf(412, "precondition_failed", "hash", "is of another definition");
    const { stderr } = await dome(APPROVE, { replies: [stale] });
    expect(stderr).toContain("next: dome tools diff zendesk search\n");
  });

  it("sends to a refresh when the server no longer lists the operation", async () => {
    const { stderr } = await dome(APPROVE, { replies: [problem(412, "precondition_failed")] });
    expect(stderr).toContain("next: dome tools refresh zendesk\n");
  });
});
