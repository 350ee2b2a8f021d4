/** Versions: `ETag` and `If-Match` (RFC 9110 §13.1.1) on everything that is configured, and changes that are made at once. */
import { beforeAll, describe, expect, it } from "vitest";
import { freshWorkspace, operator, problemOf, type Answer } from "../support/worker-api.ts";

const api = operator();
let home: string;

beforeAll(async () => {
  home = await freshWorkspace();
});

const STALE = { status: 412, code: "precondition_failed", members: [] };

const etagOf = ({ headers }: Answer): string => headers.get("etag") ?? "";

/** What is configured: how it is made, where it is, and how it is changed or ended. */
const CONFIGURED = [
  { what: "a workspace", make: ["/workspaces", { name: "versioned" }], at: () => "/workspaces/versioned" },
  { what: "an agent", make: ["/agents", { name: "bot" }], at: () => `/agents/bot?workspace=${home}` },
  { what: "a tool", make: ["/tools", { name: "versioned" }], at: () => `/tools/versioned?workspace=${home}` },
  { what: "a pool", make: ["/pools", { name: "versioned" }], at: () => `/pools/versioned?workspace=${home}` },
  {
    what: "an integration",
    make: ["/integrations", { name: "versioned" }],
    at: () => `/integrations/versioned?workspace=${home}`,
  },
] as const;

describe.each(CONFIGURED)("$what", ({ make: [path, body], at }) => {
  const change = (description: string, ifMatch?: string) =>
    api.call("PATCH", at(), {
      body: { description },
      ...(ifMatch === undefined ? {} : { headers: { "if-match": ifMatch } }),
    });

  beforeAll(async () => {
    await api.call("POST", path, { body: path === "/workspaces" ? body : { ...body, workspace: home } });
  });

  it("has an ETag, which every change raises", async () => {
    const first = etagOf(await api.call("GET", at()));
    expect(first).toMatch(/^"\d+"$/);
    expect((await change("raised")).status).toBe(200);
    expect(etagOf(await api.call("GET", at()))).not.toBe(first);
  });

  it("is changed under its ETag, under a list that holds it, and under *", async () => {
    expect((await change("one", etagOf(await api.call("GET", at())))).status).toBe(200);
    expect((await change("two", `"9999", ${etagOf(await api.call("GET", at()))}`)).status).toBe(200);
    expect((await change("three", "*")).status).toBe(200);
  });

  it("is not changed under a stale ETag, a weak one, or none of its own", async () => {
    const stale = etagOf(await api.call("GET", at()));
    await change("moved on");
    const now = etagOf(await api.call("GET", at()));
    for (const header of [stale, `W/${now}`, '"abc"', `${stale}, "9999"`]) {
      expect(problemOf(await change("lost", header))).toEqual(STALE);
    }
    expect((await api.call("GET", at())).body).toMatchObject({ description: "moved on" });
  });
});

describe("what is ended under If-Match", () => {
  const end = (path: string, ifMatch: string) =>
    api.call("DELETE", path, { headers: { "if-match": ifMatch } });

  it.each(["tools", "pools", "integrations"])("is an entry of the %s", async (many) => {
    await api.call("POST", `/${many}`, { body: { name: "ended", workspace: home } });
    const at = `/${many}/ended?workspace=${home}`;
    const read = etagOf(await api.call("GET", at));
    await api.call("PATCH", at, { body: { description: "changed" } });
    expect(problemOf(await end(at, read))).toEqual(STALE);
    expect((await end(at, etagOf(await api.call("GET", at)))).status).toBe(200);
  });

  it("is an identity provider", async () => {
    const added = await api.call("POST", "/identity-providers", {
      body: {
        name: "ended",
        workspace: home,
        issuer: "https://login.microsoftonline.com/t-1/v2.0",
        audiences: [{ audience: "app" }],
        audience_scope: "workspace",
      },
    });
    expect(added.body).toMatchObject({ version: 1 });
    const at = `/identity-providers/ended?workspace=${home}`;
    expect(problemOf(await end(at, '"2"'))).toEqual(STALE);
    expect((await end(at, etagOf(await api.call("GET", at)))).status).toBe(200);
  });

  it("is an operator token, whose replacement is a change", async () => {
    const issued = await api.call("POST", "/operators", {
      body: { subject: "ada@example.com", role: "auditor" },
    });
    const { id } = (issued.body as { operator: { id: string } }).operator;
    const at = `/operators/${id}`;
    const read = etagOf(await api.call("GET", at));
    expect(read).toBe('"1"');
    await api.call("POST", "/operators", { body: { replaces: id, overlap_seconds: 3600 } });
    expect(problemOf(await end(at, read))).toEqual(STALE);
    const ended = await end(at, etagOf(await api.call("GET", at)));
    expect(ended.body).toMatchObject({ changed: true, operator: { state: "revoked", version: 3 } });
    expect(etagOf(await api.call("GET", at))).toBe('"3"');
  });
});

describe("changes that are made at once", () => {
  it("never leave a tool with a schema for an operation that it does not have: each is judged on what the other left", async () => {
    for (let round = 1; round <= 8; round += 1) {
      const name = `raced-${round}`;
      await api.addTool({ name, workspace: home, operations: ["a", "b"] });
      const at = `/tools/${name}?workspace=${home}`;
      const answers = await Promise.all([
        api.call("PATCH", at, { body: { operations: ["a"] } }),
        api.call("PATCH", at, { body: { argument_schemas: { b: { type: "object" } } } }),
      ]);
      const tool = (await api.call("GET", at)).body as {
        operations: string[];
        argument_schemas: Record<string, unknown> | null;
      };
      expect(tool.operations).toEqual(expect.arrayContaining(Object.keys(tool.argument_schemas ?? {})));
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1);
    }
  });

  it("both count where they change different members of an agent", async () => {
    await api.register({ name: "raced", workspace: home });
    const at = `/agents/raced?workspace=${home}`;
    const changes = [{ description: "one" }, { contact: "ada@example.com" }];
    const answers = await Promise.all(changes.map((body) => api.call("PATCH", at, { body })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await api.call("GET", at)).body).toMatchObject({
      description: "one",
      contact: "ada@example.com",
    });
  });
});
