/** The OpenAPI document by the standard's own schema, and by what a reader of it needs. */
import { validate } from "@readme/openapi-parser";
import { describe, expect, it } from "vitest";
import { openApiDocument } from "../../src/api/openapi.ts";
import { routes } from "../../src/api/routes.ts";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema?: object }[];
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema: object }>> }>>;
  readonly "x-dome-permission"?: string;
}
interface Document {
  readonly openapi: string;
  readonly servers: readonly { url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}

const ISSUER = "https://dome.example";
const document = JSON.parse(JSON.stringify(openApiDocument(ISSUER, routes))) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, path, operation] as const),
);

/** Operations of the OAuth endpoints: their refusals have the form of RFC 6749 §5.2. */
const OAUTH = new Set(["issueToken", "introspectToken", "revokeToken"]);
const JSON_RPC = new Set([
  "mcpTool",
  "mcpToolListen",
  "mcpToolEnd",
  "mcpAllTools",
  "mcpAllListen",
  "mcpAllEnd",
]);

describe("the OpenAPI document", () => {
  it("is valid OpenAPI 3.1, references included", async () => {
    const outcome = await validate(structuredClone(document) as never);
    expect(outcome).toMatchObject({ valid: true, warnings: [] });
    expect(document.openapi).toBe("3.1.0");
  });

  it("names the public URL as its only server", () => {
    expect(document.servers).toEqual([{ url: ISSUER }]);
  });

  it("gives every operation a name of its own, a summary and a tag", () => {
    const names = operations.map(([, , { operationId }]) => operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const [, , operation] of operations) {
      expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(operation.summary).toMatch(/^[A-Z]/);
      expect(operation.tags).toHaveLength(1);
    }
  });

  it.each(operations)("%s declares the parameters of its path, and no others", (_name, path, operation) => {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
    expect(declared.map(({ name }) => name).toSorted()).toEqual(inPath.toSorted());
    for (const { required } of declared) expect(required).toBe(true);
  });

  it.each(operations)("%s says what it answers when it refuses", (_name, _path, operation) => {
    const refusal = Object.entries(operation.responses["default"]?.content ?? {});
    const { operationId } = operation;
    const isProblem = !OAUTH.has(operationId) && !JSON_RPC.has(operationId);
    expect(refusal.map(([type]) => type)).toEqual([
      isProblem ? "application/problem+json" : "application/json",
    ]);
    expect(
      Object.keys(operation.responses).filter((status) => status.startsWith("2")).length,
    ).toBeGreaterThan(0);
  });

  it("says of every guarded operation by which credential, and of operators by which permission", () => {
    expect(Object.keys(document.components.securitySchemes).toSorted()).toEqual([
      "agent",
      "client",
      "operator",
    ]);
    for (const route of routes) {
      const [, , operation] =
        operations.find(([, , { operationId }]) => operationId === route.operationId) ?? [];
      const schemes = (operation?.security ?? []).flatMap((each) => Object.keys(each)).toSorted();
      const expected = {
        anyone: [],
        operator: ["operator"],
        agent: ["agent"],
        either: ["agent", "operator"],
        // `agent`: its key as a bearer credential.
        client:
          "permission" in route.door && route.door.permission !== null
            ? ["agent", "client", "operator"]
            : ["agent", "client"],
      };
      expect([route.operationId, schemes]).toEqual([route.operationId, expected[route.door.by]]);
      // A client's own token needs no permission: the operator's is beside it.
      const permission = "permission" in route.door ? (route.door.permission ?? undefined) : undefined;
      expect(operation?.["x-dome-permission"]).toBe(permission);
    }
  });

  it("offers an Idempotency-Key on every mutation of the control plane, and on nothing else (P12)", () => {
    for (const [name, , operation] of operations) {
      const offered = (operation.parameters ?? []).some(
        ({ name, in: where }) => where === "header" && name === "Idempotency-Key",
      );
      const mutates =
        !name.startsWith("get ") &&
        !OAUTH.has(operation.operationId) &&
        operation.security?.some((each) => "operator" in each) === true;
      expect([name, offered]).toEqual([name, mutates]);
    }
  });

  it("has patterns that every language reads: no flags, no classes of Unicode", () => {
    const patterns = JSON.stringify(document).match(/"pattern":"(?:[^"\\]|\\.)*"/g) ?? [];
    expect(patterns.length).toBeGreaterThan(10);
    for (const pattern of patterns) {
      const source = (JSON.parse(`{${pattern}}`) as { pattern: string }).pattern;
      expect(source).not.toMatch(/\\[pP]\{|\$\/[a-z]*$/);
      expect(() => new RegExp(source, "u")).not.toThrow();
    }
  });

  it("says of every change that it has to change something", () => {
    const changes = Object.entries(document.components.schemas).filter(([name]) => name.endsWith("Patch"));
    expect(changes.length).toBeGreaterThan(3);
    const loose = changes.filter(([, schema]) => !("minProperties" in schema) && !("required" in schema));
    expect(loose.map(([name]) => name)).toEqual([]);
  });

  it("lets no request have members that are not in it", () => {
    for (const name of Object.keys(document.components.schemas).filter((each) =>
      // What a client adds to an OAuth request is passed over (RFC 6749 §3.2).
      /Create$|Patch$|(?<!Introspection|Revocation|Token)Request$/.test(each),
    )) {
      expect(document.components.schemas[name]).toMatchObject({ additionalProperties: false });
    }
  });

  it("holds no example that could be a live credential (P4)", () => {
    expect(JSON.stringify(document)).not.toMatch(/dome_[ao]t_[0-9A-Za-z]{8,}|eyJ[\w-]{8,}/);
  });
});
