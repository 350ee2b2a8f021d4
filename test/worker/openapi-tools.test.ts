/** HTTP tools that an OpenAPI document describes: pinned at refresh, and called through the door. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import type { ToolOperationDetail, ToolRefreshed, ToolTest } from "../../src/contract/tool-operation.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import {
  eventually,
  freshWorkspace,
  operator,
  problemOf,
  worker,
  type Answer,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const BASE = "https://pets.example.com/v1";
const DOCUMENT_URL = "https://docs.example.com/openapi.json";
let home: string;
let bot: Registered;

const whole = { type: "integer" };
const PETS = {
  openapi: "3.1.0",
  info: { title: "Pets", version: "1" },
  paths: {
    "/pets": {
      get: {
        operationId: "listPets",
        parameters: [
          { in: "query", name: "limit", schema: { ...whole, maximum: 100 } },
          { in: "query", name: "tag", schema: { type: "array", items: { type: "string" } } },
          { in: "header", name: "X-Trace-Tag", schema: { type: "string", maxLength: 5 } },
        ],
      },
      post: {
        operationId: "addPet",
        requestBody: {
          required: true,
          content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } },
        },
      },
    },
    "/pets/mine": { get: { operationId: "myPet" } },
    "/pets/{id}": {
      parameters: [{ in: "path", name: "id", required: true, schema: whole }],
      get: { operationId: "getPet" },
      delete: {},
    },
    "/photos": {
      post: {
        operationId: "addPhoto",
        requestBody: {
          required: true,
          content: {
            "multipart/form-data": {
              schema: {
                type: "object",
                properties: {
                  caption: { type: "string", maxLength: 10 },
                  file: { type: "string", format: "binary" },
                },
                required: ["file"],
                additionalProperties: false,
              },
              encoding: { file: { contentType: "image/*" } },
            },
          },
        },
      },
      put: { operationId: "putPhoto", requestBody: { content: { "application/octet-stream": {} } } },
    },
    "/search": {
      post: {
        operationId: "search",
        requestBody: {
          content: {
            "application/x-www-form-urlencoded": {
              schema: { type: "object", properties: { q: { type: "string" }, n: whole }, required: ["q"] },
            },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Pet: {
        type: "object",
        properties: { name: { type: "string" }, parent: { $ref: "#/components/schemas/Pet" } },
        required: ["name"],
        additionalProperties: false,
      },
    },
  },
};

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}
let sent: Sent[];
let document: object;

beforeAll(async () => {
  home = await freshWorkspace();
  bot = await api.start({ name: "bot", workspace: home, surface: { tools: ["pets", "empty"] } });
});
beforeEach(async () => {
  sent = [];
  document = PETS;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const url = input instanceof Request ? input.url : input.toString();
    const body = init?.body == null ? "" : await new Response(init.body).text();
    sent.push({ url, method: init?.method ?? "GET", headers: new Headers(init?.headers), body });
    return Response.json(url === DOCUMENT_URL ? document : { ok: true });
  });
});
afterEach(() => vi.restoreAllMocks());

const control = async <T>(method: string, path: string, body?: object): Promise<Answer<T>> =>
  (await api.call(
    method,
    `/tools/${path}?workspace=${home}`,
    body === undefined ? {} : { body },
  )) as Answer<T>;
const addTool = (name: string, more: object = {}) =>
  api.addTool({ name, workspace: home, kind: "http", url: BASE, ...more });
const refresh = (name: string, body?: object) => control<ToolRefreshed>("POST", `${name}/refresh`, body);
const show = async (name: string, operation: string) =>
  (await control<ToolOperationDetail>("GET", `${name}/operations/${encodeURIComponent(operation)}`)).body;

async function call(method: string, path: string, init: RequestInit = {}) {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${bot.secret}`);
  const response = await worker(
    new Request(`${TEST_ISSUER}/tools/${path}`, { ...init, method, headers, redirect: "manual" }),
  );
  return { status: response.status, body: JSON.parse(await response.text()) as unknown };
}
/** The operation that was decided on, or the reason of the refusal. */
async function decided(method: string, path: string, init?: RequestInit): Promise<unknown> {
  const { status, body } = await call(method, path, init);
  return status === 200 ? "sent" : body;
}
const JSON_TYPE = { "content-type": "application/json" };

describe("the operations of an HTTP tool", () => {
  it("are denied until a document has been read, whatever it will say (P1)", async () => {
    await addTool("empty", { openapi: DOCUMENT_URL });
    expect(await call("GET", "empty/pets")).toMatchObject({
      status: 403,
      body: { reason: "catalog_operation_missing" },
    });
    expect(sent).toEqual([]);
  });

  it("are pinned from the document at its URL, which gets no credential of another server (P10)", async () => {
    await addTool("pets", { openapi: DOCUMENT_URL, auth: { type: "bearer" } });
    await control("POST", "pets/secrets", { value: "of-the-pets" });
    const { body } = await refresh("pets");
    expect(body).toMatchObject({ tool: "pets", era: null, pinned: 8, quarantined: [], unusable: [] });
    expect(sent).toHaveLength(1);
    expect(sent[0]?.headers.has("authorization")).toBe(false);
    expect(await show("pets", "DELETE /pets/{id}")).toMatchObject({
      state: "pinned",
      definition: { request: { method: "DELETE" } },
    });
  });

  it("are pinned from a document that an operator gives, and from that one alone", async () => {
    await addTool("given", { openapi: "given" });
    expect(problemOf(await refresh("given"))).toMatchObject({ status: 400, members: ["document"] });
    expect((await refresh("given", { document: PETS })).body).toMatchObject({ pinned: 8 });
    expect(sent).toEqual([]);
    expect(problemOf(await refresh("pets", { document: PETS }))).toMatchObject({
      status: 400,
      members: ["document"],
    });
  });

  it("are quarantined alone when they differ, until somebody approves what they saw", async () => {
    await addTool("changing", { openapi: "given" });
    await refresh("changing", { document: PETS });
    const { get } = PETS.paths["/pets"];
    const wider = { ...get, parameters: [{ in: "query", name: "limit", schema: whole }] };
    const paths = { ...PETS.paths, "/pets": { ...PETS.paths["/pets"], get: wider } };
    expect((await refresh("changing", { document: { ...PETS, paths } })).body).toMatchObject({
      pinned: 7,
      quarantined: [{ name: "listPets", why: "changed" }],
    });
    const shown = await show("changing", "listPets");
    expect(shown.differences).toContain(
      "/inputSchema/properties/query/properties/limit/maximum was removed: 100",
    );
    const path = "changing/operations/listPets/approve";
    expect((await control("POST", path, { hash: shown.pending_hash, read_only: true })).body).toMatchObject({
      state: "pinned",
      read_only: true,
    });
  });

  it.each<[string, object, string]>([
    ["that is none", { openapi: "2" }, "document"],
    ["that is ambiguous", { ...PETS, paths: { "/a/{x}": { get: {} }, "/a/{y}": { get: {} } } }, "document"],
  ])("are not taken from a document %s, and what was pinned stays", async (_what, wrong, member) => {
    await addTool(`kept-${member}-${Object.keys(wrong).length}`, { openapi: "given" });
    const name = `kept-${member}-${Object.keys(wrong).length}`;
    await refresh(name, { document: PETS });
    expect(problemOf(await refresh(name, { document: wrong }))).toMatchObject({
      status: 400,
      members: [member],
    });
    expect((await control<{ items: object[] }>("GET", `${name}/operations`)).body.items).toHaveLength(8);
  });

  test.each<[string, object]>([
    ["of a local tool", { kind: "local", url: null, openapi: DOCUMENT_URL }],
    ["of an MCP server", { kind: "mcp", openapi: DOCUMENT_URL }],
    ["at a metadata service", { openapi: "http://169.254.169.254/openapi.json" }],
    ["at an inside name", { openapi: "https://metadata.google.internal/openapi.json" }],
    ["at another port", { openapi: "https://docs.example.com:8443/openapi.json" }],
    ["in a data: URL", { openapi: "data:application/json,{}" }],
    ["at this Dome", { openapi: `${TEST_ISSUER}/api/v1/openapi.json` }],
    ["that is nowhere, with parameters that nobody declares", { additional_query: true }],
  ])("are not described by a document %s", async (_what, more) => {
    const body = { name: "refused", workspace: home, kind: "http", url: BASE, ...more };
    expect(problemOf(await api.call("POST", "/tools", { body }))).toMatchObject({
      status: 400,
      code: "invalid_request",
    });
    expect(sent).toEqual([]);
  });
});

describe("a call of a described operation", () => {
  test.each<[string, string, string, RequestInit]>([
    ["a query", "GET", "pets/pets?limit=7&tag=a&tag=b", { headers: { "x-trace-tag": "abc" } }],
    ["a whole number in its path", "GET", "pets/pets/7", {}],
    ["a more concrete path", "GET", "pets/pets/mine", {}],
    [
      "JSON that recurs",
      "POST",
      "pets/pets",
      { body: '{"name":"a","parent":{"name":"b"}}', headers: JSON_TYPE },
    ],
    ["a form", "POST", "pets/search", { body: new URLSearchParams({ q: "a b", n: "1" }) }],
    [
      "a stream",
      "PUT",
      "pets/photos",
      { body: "raw", headers: { "content-type": "application/octet-stream" } },
    ],
    ["no body where none is needed", "PUT", "pets/photos", {}],
  ])("with %s is sent as it came", async (_what, method, path, init) => {
    const body = init.body === undefined ? "" : await new Response(init.body as BodyInit).text();
    expect(await decided(method, path, init)).toBe("sent");
    expect(sent).toMatchObject([{ url: `${BASE}/${path.slice("pets/".length)}`, method, body }]);
    expect(sent[0]?.headers.get("authorization")).toBe("Bearer of-the-pets");
  });

  it("with parts is decided on by their names, types and sizes, and sent byte for byte", async () => {
    const photo = (type: string, caption = "ok") => {
      const form = new FormData();
      form.set("caption", caption);
      form.set("file", new File([new Uint8Array([0, 255, 13, 10])], "a", { type }));
      return form;
    };
    expect(await decided("POST", "pets/photos", { body: photo("image/png") })).toBe("sent");
    expect(sent[0]?.headers.get("content-type")).toMatch(/^multipart\/form-data; *boundary=/);
    expect(await decided("POST", "pets/photos", { body: photo("text/html") })).toMatchObject({
      code: "arguments_invalid",
      errors: [{ member: "/parts/file/type" }],
    });
    expect(await decided("POST", "pets/photos", { body: photo("image/png", "a".repeat(11)) })).toMatchObject({
      errors: [{ member: "/parts/caption/value" }],
    });
    expect(sent).toHaveLength(1);
  });

  test.each<[string, string, string, RequestInit, string]>([
    ["a number that is too large", "GET", "pets/pets?limit=101", {}, "/query/limit"],
    ["a text for a number", "GET", "pets/pets/seven", {}, "/path/id"],
    ["a parameter twice", "GET", "pets/pets?limit=1&limit=2", {}, "/query/limit"],
    ["a parameter twice, once in escapes", "GET", "pets/pets?limit=1&%6cimit=2", {}, "/query/limit"],
    ["an unknown parameter", "GET", "pets/pets?admin=1", {}, "/query"],
    [
      "a header that does not match",
      "GET",
      "pets/pets",
      { headers: { "x-trace-tag": "abcdef" } },
      "/header/x-trace-tag",
    ],
    [
      "an unknown member",
      "POST",
      "pets/pets",
      { body: '{"name":"a","admin":true}', headers: JSON_TYPE },
      "/body",
    ],
    [
      "a fault behind a recursion",
      "POST",
      "pets/pets",
      { body: '{"name":"a","parent":{}}', headers: JSON_TYPE },
      "/body/parent/name",
    ],
    ["no body", "POST", "pets/pets", {}, "/body"],
    [
      "a body of another type",
      "POST",
      "pets/pets",
      { body: "{}", headers: { "content-type": "text/plain" } },
      "/content/type",
    ],
    [
      "a body where none is taken",
      "DELETE",
      "pets/pets/7",
      { body: "{}", headers: JSON_TYPE },
      "/content/type",
    ],
    ["a form field twice", "POST", "pets/search", { body: new URLSearchParams("q=a&q=b") }, "/form/q"],
  ])(
    "with %s is refused with its place, recorded, and not sent (P1)",
    async (_what, method, path, init, member) => {
      const answered = await call(method, path, init);
      expect(answered).toMatchObject({
        status: 422,
        body: {
          code: "arguments_invalid",
          reason: "arguments_invalid",
          who: "caller",
          decision_id: expect.stringMatching(/^dec_/) as string,
          errors: [{ member }],
        },
      });
      expect(sent).toEqual([]);
    },
  );

  test.each<[string, string, string]>([
    ["of another method, however a template would match", "DELETE", "pets/pets/mine"],
    ["of a path with a slash at its end", "GET", "pets/pets/"],
    ["of a path that the document does not have", "GET", "pets/admin"],
  ])("%s means none of them (P1)", async (_what, method, path) => {
    expect(await call(method, path)).toMatchObject({
      status: 403,
      body: { reason: "catalog_operation_missing" },
    });
    expect(sent).toEqual([]);
  });

  it("may have further parameters where the entry says so", async () => {
    await control("PATCH", "pets", { additional_query: true });
    await eventually(async () => expect(await decided("GET", "pets/pets?utm=x")).toBe("sent"));
    expect(await decided("GET", "pets/pets?utm=x&utm=y")).toMatchObject({ code: "arguments_invalid" });
    await control("PATCH", "pets", { additional_query: false });
  });

  it("of a new operation, which nobody has approved, is not taken for one whose template it matches", async () => {
    const paths = { ...PETS.paths, "/pets/7": { get: { operationId: "seventh" } } };
    document = { ...PETS, paths };
    await refresh("pets");
    await eventually(async () =>
      expect(await call("GET", "pets/pets/7")).toMatchObject({ body: { reason: "operation_quarantined" } }),
    );
    expect(await decided("GET", "pets/pets/8")).toBe("sent");
  });
});

describe("the test of a tool", () => {
  const tried = async (name: string) => (await control<ToolTest>("POST", `${name}/test`)).body;
  const failed = ({ steps }: ToolTest) =>
    steps.filter((step) => !step.ok).map(({ what, who }) => [what, who]);

  it("tries address, credential, server and operations, shows no secret, and is recorded (P4)", async () => {
    await addTool("tried", { openapi: DOCUMENT_URL, auth: { type: "bearer" } });
    expect(failed(await tried("tried"))).toEqual([["credential", "dome"]]);
    expect(sent).toEqual([]);
    await control("POST", "tried/secrets", { value: "of-the-tried" });
    await refresh("tried");
    sent = [];
    const good = await tried("tried");
    expect(good).toMatchObject({ name: "tried", ok: true });
    expect(good.steps.map(({ what }) => what)).toEqual(["address", "credential", "server", "operations"]);
    expect(JSON.stringify(good)).not.toContain("of-the-tried");
    expect(sent.map(({ url, headers }) => [url, headers.get("authorization")])).toEqual([
      [BASE, "Bearer of-the-tried"],
      [DOCUMENT_URL, null],
    ]);
    await eventually(async () =>
      expect(await api.audit({ workspace: home, kind: "catalog.tool_tested" })).toHaveLength(2),
    );
  });

  it("says which side failed, and changes nothing", async () => {
    const answering = vi.mocked(fetch);
    answering.mockImplementation(async () => new Response(null, { status: 401 }));
    expect(failed(await tried("tried"))).toEqual([["credential", "upstream"]]);
    const away = { location: "https://elsewhere.example.com/" };
    answering.mockImplementation(async () => new Response(null, { status: 302, headers: away }));
    const redirected = await tried("tried");
    expect(failed(redirected)).toEqual([["server", "upstream"]]);
    expect(redirected.steps.at(-1)?.detail).toContain("redirects elsewhere with 302");
    answering.mockImplementation(async () => Promise.reject(new Error("no route")));
    expect(failed(await tried("tried"))).toEqual([["server", "upstream"]]);
    const { get: _left, ...rest } = PETS.paths["/pets"];
    const changed = { ...PETS, paths: { ...PETS.paths, "/pets": rest } };
    answering.mockImplementation(async (input) => Response.json(input === DOCUMENT_URL ? changed : {}));
    expect(failed(await tried("tried"))).toEqual([["operations", "upstream"]]);
    expect(
      (await control<{ items: { state: string }[] }>("GET", "tried/operations")).body.items.map(
        ({ state }) => state,
      ),
    ).not.toContain("quarantined");
  });
});
