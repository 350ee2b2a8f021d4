import { describe, expect, it, test } from "vitest";
import { argumentsFault } from "../../../../src/registry/argument-schema.ts";
import { openApiListing } from "../../../../src/registry/openapi/document.ts";

const BASE = "https://api.example.com/v2";

/** A document of version 3.1 with these paths. */
const documented = (paths: object, more: object = {}) => ({
  openapi: "3.1.0",
  info: { title: "t", version: "1" },
  paths,
  ...more,
});

function listed(document: unknown, places: object = {}) {
  const listing = openApiListing(document, {
    base: BASE,
    documentUrl: `${BASE}/openapi.json`,
    credentialHeader: null,
    ...places,
  });
  if (!listing.ok) throw new Error(listing.error);
  return listing.value;
}

const refusal = (document: unknown): string => {
  const listing = openApiListing(document, { base: BASE, documentUrl: BASE, credentialHeader: null });
  return listing.ok ? "ok" : listing.error;
};

/** The only operation, which must be one that calls may match. */
function one(operation: object, item: object = {}, more: object = {}) {
  const { tools, unusable } = listed(documented({ "/a": { ...item, post: operation } }, more));
  expect(unusable).toEqual([]);
  const [tool] = tools;
  if (tool === undefined) throw new Error("no operation");
  return tool.listed;
}

const why = (operation: object, more: object = {}, path = "/a"): string | undefined =>
  listed(documented({ [path]: { get: operation } }, more)).unusable[0]?.why;

describe("the operations of an OpenAPI document", () => {
  it("are named by their operationId, or by method and path where that is no name, or no name of its own", () => {
    const { tools } = listed(
      documented({
        "/pets": { get: { operationId: "listPets" }, post: {} },
        "/pets/{petId}": { get: { operationId: "a pet" }, delete: { operationId: "same" } },
        "/x": { put: { operationId: "same" } },
      }),
    );
    expect(tools.map(({ name, listed: { request } }) => [name, request.method, request.path])).toEqual([
      ["listPets", "GET", "/pets"],
      ["POST /pets", "POST", "/pets"],
      ["GET /pets/{petId}", "GET", "/pets/{petId}"],
      ["DELETE /pets/{petId}", "DELETE", "/pets/{petId}"],
      ["PUT /x", "PUT", "/x"],
    ]);
  });

  it("have the same hash in another spelling, and another one when anything of the call differs", () => {
    const hash = (operation: object) => listed(documented({ "/a": { get: operation } })).tools[0]?.hash;
    const query = (more: object) => ({ parameters: [{ in: "query", name: "q", ...more }] });
    const text = hash(query({ schema: { type: "string", maxLength: 5 } }));
    expect(
      hash(query({ schema: { maxLength: 5, type: "string", description: "words", example: "x" } })),
    ).toBe(text);
    expect(hash(query({ schema: { type: "string", maxLength: 6 } }))).not.toBe(text);
    expect(hash(query({ schema: { type: "string", maxLength: 5 }, required: true }))).not.toBe(text);
    expect(hash({ ...query({ schema: { type: "string", maxLength: 5 } }), summary: "s" })).not.toBe(text);
  });

  it("take along what their schemas refer to, once each, and recur", () => {
    const { inputSchema } = one(
      {
        requestBody: {
          required: true,
          content: { "application/json": { schema: { $ref: "#/components/schemas/Node" } } },
        },
      },
      {},
      {
        components: {
          schemas: {
            Node: {
              type: "object",
              properties: { name: { type: "string" }, next: { $ref: "#/components/schemas/Node" } },
              required: ["name"],
            },
          },
        },
      },
    );
    const fault = (body: object) =>
      argumentsFault(inputSchema, { path: {}, query: {}, header: {}, body })?.pointer ?? null;
    expect(fault({ name: "a", next: { name: "b" } })).toBeNull();
    expect(fault({ name: "a", next: { name: "b", next: {} } })).toBe("/body/next/next/name");
    expect(argumentsFault(inputSchema, { path: {}, query: {}, header: {} })).toEqual({
      pointer: "/body",
      keyword: "required",
      expected: "is missing",
    });
  });

  it("of version 3.0 are read as it says: nullable, exclusive bounds, and nothing beside a reference", () => {
    const schema = {
      type: "object",
      properties: {
        n: { type: "integer", minimum: 0, exclusiveMinimum: true, nullable: true },
        m: { $ref: "#/components/schemas/Short", maxLength: 1 },
        id: { type: "string", readOnly: true },
      },
      required: ["id", "n"],
    };
    const { inputSchema } = one(
      { requestBody: { content: { "application/json": { schema } } } },
      {},
      { openapi: "3.0.3", components: { schemas: { Short: { type: "string", maxLength: 3 } } } },
    );
    const fault = (body: object) => argumentsFault(inputSchema, { path: {}, query: {}, header: {}, body });
    expect(fault({ n: null, m: "abc" })).toBeNull();
    expect(fault({ n: 0 })).toMatchObject({ pointer: "/body/n", keyword: "exclusiveMinimum" });
    expect(fault({ n: 1, m: "abcd" })).toMatchObject({ pointer: "/body/m", keyword: "maxLength" });
  });

  it("are left out where their own server is elsewhere, and stand under its path where it is here", () => {
    const at = (url: string) => ({ get: {}, servers: [{ url }] });
    const { tools, unusable } = listed(
      documented(
        {
          "/a": at("https://api.example.com/v2/sub"),
          "/b": at("https://other.example.com/v2"),
          "/c": at("/v1"),
          "/d": at("."),
          "/e": {
            get: {},
            servers: [{ url: "https://{host}/v2", variables: { host: { default: "api.example.com" } } }],
          },
          "/f": { get: { servers: [{ url: "https://elsewhere.example.com" }] } },
        },
        { servers: [{ url: "https://production.example.com" }] },
      ),
    );
    expect(tools.map(({ name }) => name)).toEqual(["GET /sub/a", "GET /d", "GET /e"]);
    expect(unusable).toEqual([
      { name: "GET /b", why: "has a server of its own with another origin" },
      { name: "GET /c", why: "has a server of its own outside of the tool's URL" },
      { name: "GET /f", why: "has a server of its own with another origin" },
    ]);
  });

  test.each<[string, object, string]>([
    ["a cookie", { parameters: [{ in: "cookie", name: "s", required: true }] }, "needs a cookie"],
    [
      "a header that never passes",
      { parameters: [{ in: "header", name: "X-Forwarded-For", required: true }] },
      "needs a header",
    ],
    [
      "a matrix",
      { parameters: [{ in: "path", name: "x", style: "matrix" }] },
      "of a style that Dome does not read",
    ],
    [
      "a nested list",
      { parameters: [{ in: "query", name: "x", schema: { type: "array", items: { type: "array" } } }] },
      "within one another",
    ],
    ["another document", { parameters: [{ $ref: "other.json#/a" }] }, "refers to another document"],
    ["a reference to nothing", { parameters: [{ $ref: "#/components/none" }] }, "leads nowhere"],
    ["a circle", { parameters: [{ $ref: "#/components/parameters/a" }] }, "round and round"],
    [
      "a look-behind",
      { parameters: [{ in: "query", name: "x", schema: { type: "string", pattern: "(?<=a)" } }] },
      "look-behind",
    ],
    [
      "an anchor",
      { parameters: [{ in: "query", name: "x", schema: { $dynamicRef: "#a" } }] },
      "$dynamicRef in it is not a keyword",
    ],
  ])("with %s match no call, and say so (P1)", (_what, operation, expected) => {
    const more = { components: { parameters: { a: { $ref: "#/components/parameters/a" } } } };
    expect(why(operation, more, "/a/{x}")).toContain(expected);
    const [tool] = listed(documented({ "/a/{x}": { get: operation } }, more)).tools;
    expect(argumentsFault(tool?.listed.inputSchema ?? {}, {})).not.toBeNull();
  });

  it("that cannot be called keep their routes, so that their calls are not taken for others (P1)", () => {
    const { tools } = listed(
      documented({
        "/pets/{id}": { get: {} },
        "/pets/mine": { get: { parameters: [{ in: "cookie", name: "s", required: true }] } },
        "/files/{a}.{b}": { get: {} },
        "/heads": { head: {} },
      }),
    );
    expect(tools.map(({ listed: { request } }) => `${request.method} ${request.path}`)).toEqual([
      "GET /pets/{id}",
      "GET /pets/mine",
      "GET /files/{several.1}",
      "GET /heads",
    ]);
    expect(tools.map(({ listed: { request } }) => request.refused !== undefined)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  test.each<[string, unknown, string]>([
    ["no object", [], "The document is no object."],
    ["Swagger", { swagger: "2.0", paths: {} }, "not of OpenAPI 3.0 or 3.1"],
    ["a later version", documented({}, { openapi: "4.0.0" }), "not of OpenAPI 3.0 or 3.1"],
    ["no paths", { openapi: "3.1.0" }, "has no `paths`"],
    [
      "two templates for one path",
      documented({ "/a/{x}": { get: {} }, "/a/{y}": { get: {} } }),
      "GET /a/{y} matches the same paths as GET /a/{x}",
    ],
    [
      "two segments of which neither is more concrete",
      documented({ "/{x}.json": { get: {} }, "/a.{y}": { get: {} } }),
      "overlaps with one that is no less concrete",
    ],
  ])("are not taken from a document with %s, and the refusal says why", (_what, document, expected) => {
    expect(refusal(document)).toContain(expected);
  });
});

describe("a hostile document", () => {
  const operations = (count: number, operation: object) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`/p${at}`, { get: operation }]));

  it("has at most 500 operations, of at most 2000 paths", () => {
    expect(refusal(documented(operations(500, {})))).toBe("ok");
    expect(refusal(documented(operations(501, {})))).toBe("The document has more than 500 operations.");
    expect(refusal(documented(operations(2_001, {})))).toBe("The document has more than 2000 paths.");
  });

  it("costs at most the largest schema for each operation, however large the one is that all refer to", () => {
    const counted = (properties: number): number => {
      let reads = 0;
      const schema = {
        type: "object",
        properties: Object.fromEntries(
          Array.from({ length: properties }, (_, at) => [`p${at}`, { type: "string" }]),
        ),
      };
      const watched = new Proxy(schema, {
        ownKeys: (target) => {
          reads += 1;
          return Reflect.ownKeys(target);
        },
      });
      const body = {
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Giant" } } } },
      };
      const { unusable } = listed(
        documented(operations(50, body), { components: { schemas: { Giant: watched } } }),
      );
      expect(unusable).toHaveLength(50);
      return reads;
    };
    // It is weighed once, and from then on its weight alone is looked at.
    expect(counted(16_000)).toBeLessThanOrEqual(counted(64_000));
    expect(counted(64_000)).toBeLessThan(10);
  });

  it("does not exhaust the stack with references to references", () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, at) => [
        `S${at}`,
        { allOf: [{ $ref: `#/components/schemas/S${at + 1}` }] },
      ]),
    );
    const body = {
      requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/S0" } } } },
    };
    expect(why(body, { components: { schemas: { ...schemas, S5000: {} } } })).toMatch(
      /more than 32768 bytes|cannot be checked/,
    );
  });

  it("with names of the prototype takes nothing from it", () => {
    expect(why({ parameters: [{ $ref: "#/constructor" }] })).toContain("leads nowhere");
    expect(one({ operationId: "constructor" }).name).toBe("constructor");
  });
});
