/** Every route × every request that is not well formed: a 4xx with a stable code, and nothing has happened. */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { PROBLEMS, type ProblemCode } from "../../src/contract/problem-codes.ts";
import { concat, utf8 } from "../../src/kernel/bytes.ts";
import { bearer, expectProblem, expectSafeHeaders, jsonOf, send, type Sent } from "./calls.fixture.ts";
import { ADMIN, makeTenant, namesOf, type Tenant } from "./installation.fixture.ts";
import { bodyFor, OPERATIONS, pathOf, type Operation } from "./routes.fixture.ts";

const MIB = 1_048_576;
const JSON_TYPE = { "content-type": "application/json" };

let tenant: Tenant;

beforeAll(async () => {
  tenant = await makeTenant("mine", "crm");
});

const credentialFor = ({ by }: Operation): string | undefined =>
  by === "anyone" ? undefined : by === "agent" ? bearer(tenant.agent.key) : ADMIN;

const call = (operation: Operation, sent: Sent, query = "") =>
  send(operation.method, pathOf(operation, { ...namesOf(tenant), agent: tenant.spare.id }) + query, {
    authorization: credentialFor(operation),
    ...sent,
  });

const table = (operations: readonly Operation[]) =>
  operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

const withJson = OPERATIONS.filter(({ body }) => body === "application/json");

interface Malformed {
  readonly what: string;
  readonly code: ProblemCode;
  readonly sent: (body: Record<string, unknown>) => Sent;
}

const raw = (body: Sent["body"]): Sent => ({ headers: JSON_TYPE, body });
const text = (of: (json: string) => string) => (body: Record<string, unknown>) =>
  raw(of(JSON.stringify(body)));
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const nestedObjects = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
/** The body with one member more. */
const plus = (name: string, json: string) =>
  text((whole) => (whole === "{}" ? `{"${name}":${json}}` : `${whole.slice(0, -1)},"${name}":${json}}`));
const typed = (contentType: string | null) => (body: Record<string, unknown>) => ({
  headers: contentType === null ? {} : { "content-type": contentType },
  body: utf8(JSON.stringify({ ...body, pad: 1 })),
});

/** A body that goes out in pieces, without a length. */
const streamed = (size: number): ReadableStream<Uint8Array> => {
  let left = size;
  return new ReadableStream({
    pull: (controller) => {
      const piece = Math.min(left, 65_536);
      left -= piece;
      if (piece > 0) controller.enqueue(new Uint8Array(piece).fill(0x20));
      if (left === 0) controller.close();
    },
  });
};

const MALFORMED: readonly Malformed[] = [
  { what: "cut off", code: "malformed_json", sent: text((json) => `${json.slice(0, -1)},"a":`) },
  { what: "with something behind it", code: "malformed_json", sent: text((json) => `${json}{}`) },
  { what: "of white space", code: "malformed_json", sent: () => raw("  ") },
  { what: "of single quotes", code: "malformed_json", sent: () => raw("{'name':'x'}") },
  { what: "with a comment", code: "malformed_json", sent: text((json) => `${json}// x`) },
  { what: "with NaN", code: "malformed_json", sent: plus("a", "NaN") },
  { what: "with a raw control character", code: "malformed_json", sent: plus("a", '"\u0000"') },
  { what: "with a byte order mark", code: "malformed_json", sent: text((json) => `\ufeff${json}`) },
  {
    what: "not in UTF-8",
    code: "malformed_json",
    sent: () => raw(concat(utf8('{"name":"'), new Uint8Array([0xff, 0xfe]), utf8('"}'))),
  },
  { what: "in UTF-16", code: "malformed_json", sent: () => raw(new Uint8Array([0x7b, 0, 0x7d, 0])) },
  {
    what: "with an overlong encoding",
    code: "malformed_json",
    sent: () => raw(concat(utf8('{"name":"'), new Uint8Array([0xc0, 0xaf]), utf8('"}'))),
  },
  { what: "null", code: "invalid_request", sent: () => raw("null") },
  { what: "an array", code: "invalid_request", sent: text((json) => `[${json}]`) },
  { what: "an empty array", code: "invalid_request", sent: () => raw("[]") },
  { what: "a string", code: "invalid_request", sent: text((json) => JSON.stringify(json)) },
  { what: "a number", code: "invalid_request", sent: () => raw("1") },
  { what: "with an unknown member", code: "invalid_request", sent: plus("surprise", "1") },
  { what: "with a __proto__", code: "invalid_request", sent: plus("__proto__", '{"name":"x"}') },
  {
    what: "with a __proto__ further within",
    code: "invalid_request",
    sent: plus("arguments", '{"a":[{"__proto__":1}]}'),
  },
  { what: "with a member twice", code: "malformed_json", sent: plus("a", '1,"a":1') },
  { what: "with a member twice, once escaped", code: "malformed_json", sent: plus("a", '1,"\\u0061":1') },
  {
    what: "with a member twice further within",
    code: "malformed_json",
    sent: plus("a", '[{"b":{"c:":1,"d":":","c:":2}}]'),
  },
  {
    what: "with a number that becomes another",
    code: "invalid_request",
    sent: plus("a", "9007199254740993"),
  },
  { what: "with a number that becomes infinite", code: "invalid_request", sent: plus("a", "[1e400]") },
  { what: "with a number that becomes 0", code: "invalid_request", sent: plus("a", '{"b":-1e-400}') },
  { what: "with 300,000 items", code: "invalid_request", sent: plus("a", `[${"1,".repeat(299_999)}1]`) },
  { what: "with a constructor", code: "invalid_request", sent: plus("constructor", "{}") },
  { what: "nested in arrays without end", code: "invalid_request", sent: plus("surprise", nested(400_000)) },
  {
    what: "nested in objects without end",
    code: "invalid_request",
    sent: plus("surprise", nestedObjects(100_000)),
  },
  { what: "of text/plain", code: "unsupported_media_type", sent: typed("text/plain") },
  { what: "of no type", code: "unsupported_media_type", sent: typed(null) },
  { what: "of a form", code: "unsupported_media_type", sent: typed("application/x-www-form-urlencoded") },
  { what: "of two types", code: "unsupported_media_type", sent: typed("application/json, text/plain") },
  {
    what: "of two equal types",
    code: "unsupported_media_type",
    sent: typed("application/json, application/json"),
  },
  {
    what: "of a type that begins right",
    code: "unsupported_media_type",
    sent: typed("application/json-seq"),
  },
  { what: "of a type that ends right", code: "unsupported_media_type", sent: typed("text/application/json") },
  {
    what: "of a multipart form",
    code: "unsupported_media_type",
    sent: typed("multipart/form-data; boundary=x"),
  },
  { what: "of 1 MiB and one byte", code: "body_too_large", sent: () => raw(" ".repeat(MIB + 1)) },
  {
    what: "that says it has 1 MiB and one byte",
    code: "body_too_large",
    sent: () => ({ headers: { ...JSON_TYPE, "content-length": String(MIB + 1) }, body: "{}" }),
  },
  {
    what: "that says it is short and is not",
    code: "body_too_large",
    sent: () => ({ headers: { ...JSON_TYPE, "content-length": "2" }, body: " ".repeat(MIB + 1) }),
  },
  { what: "of 1 MiB and one byte in pieces", code: "body_too_large", sent: () => raw(streamed(MIB + 1)) },
  { what: "of 16 MiB in pieces", code: "body_too_large", sent: () => raw(streamed(16 * MIB)) },
];

/** How many rows each table of the registry has: what a refused request must leave as it is. */
async function rowCounts(): Promise<Record<string, number>> {
  const tables = [
    "workspaces",
    "agents",
    "api_keys",
    "catalog_tools",
    "catalog_pools",
    "catalog_integrations",
    "identity_providers",
  ];
  const counts = await env.DB.batch<{ n: number }>(
    [...tables, "idempotency", "audit_producers"].map((name) =>
      env.DB.prepare(`SELECT count(*) AS n FROM ${name}`),
    ),
  );
  return Object.fromEntries(
    counts.map((count, index) => [tables[index] ?? index, count.results[0]?.n ?? -1]),
  );
}

describe("a body", () => {
  it("is tried at every route that takes one", () => {
    expect(withJson.length).toBeGreaterThan(10);
  });

  it.each(table(withJson))(
    "of %s that is not well formed is refused and has no effect",
    async (_name, operation) => {
      const before = await rowCounts();
      for (const { what, code, sent } of MALFORMED) {
        const answer = await call(operation, sent(bodyFor(operation, "unwanted")));
        expect({ what, code: expectProblem(answer, code).code }).toEqual({ what, code });
      }
      expect(await rowCounts()).toEqual(before);
    },
  );

  it.each(table(withJson))("of %s that has an unknown member is told which", async (_name, operation) => {
    const body = { ...bodyFor(operation, "unwanted"), surprise: 1 };
    expect(expectProblem(await call(operation, { body }), "invalid_request").errors).toContainEqual({
      member: "surprise",
      detail: "is not a member of this request",
    });
  });

  it("nested deeper than 64 levels is refused also where any JSON may stand: what walks it would not come back", async () => {
    const check = (args: string) =>
      send("POST", "/api/v1/check", {
        authorization: bearer(tenant.agent.key),
        ...raw(`{"tool":"crm","arguments":{"a":${args}}}`),
      });
    for (const deep of [nested(63), nested(100_000), nestedObjects(63), nestedObjects(30_000)]) {
      expectProblem(await check(deep), "invalid_request");
    }
    for (const fits of [nested(62), nestedObjects(62), '"[[[[{{{{\\"[["', `"${"[".repeat(1000)}"`]) {
      expect((await check(fits)).status).toBe(200);
    }
  });

  it("may say application/json in capitals, and with a charset", async () => {
    for (const type of ["Application/JSON", "application/json; charset=utf-8"]) {
      const sent = { authorization: bearer(tenant.agent.key), headers: { "content-type": type } };
      expect((await send("POST", "/api/v1/check", { ...sent, body: '{"tool":"crm"}' })).status).toBe(200);
    }
  });

  it.each(table(withJson))(
    "of %s, whatever it holds, never makes anything break",
    async (_name, operation) => {
      const members = [...new Set([...Object.keys(bodyFor(operation, "x")), ...MEMBERS])];
      const value = fc.oneof(
        fc.jsonValue({ maxDepth: 3 }),
        fc.constantFrom(
          "\u0000",
          "\ud800",
          "agt_",
          "../..",
          "x".repeat(5000),
          -1,
          1e308,
          "2026-02-30T00:00:00Z",
        ),
      );
      await fc.assert(
        fc.asyncProperty(fc.dictionary(fc.constantFrom(...members), value, { maxKeys: 4 }), async (body) => {
          const answer = await call(operation, { body });
          expectSafeHeaders(answer);
          const { code } = jsonOf(answer) as { code?: ProblemCode };
          const expected = code === undefined ? [200, 201, 202] : [PROBLEMS[code].status];
          expect(expected).toContain(answer.status);
          expect(answer.status).toBeLessThan(500);
        }),
        { numRuns: 25 },
      );
    },
  );
});

/** Members of all requests: a member of one route is an unknown one of another. */
const MEMBERS = [
  "name workspace owner contact tier description labels parent surface require_actas delegates_to freshness",
  "expires_at key_expires_at reason drain_seconds cascade replaces overlap_seconds operations models kind",
  "clear_arguments tool model integration action resource arguments __proto__",
].flatMap((line) => line.split(" "));

const ODD = [
  "%00 %ff %F0%9F%92%A9 %ED%A0%80 ..%2f.. ' %25 -1 0 1e9 NaN null [object%20Object] %3Cscript%3E agt_",
  "2026-13-01T00:00:00Z",
]
  .flatMap((line) => line.split(" "))
  .concat("a".repeat(4000), `agt_${"z".repeat(26)}`);

const guarded = OPERATIONS.filter(({ by }) => by !== "client" && by !== "anyone");

describe("a query", () => {
  it.each(table(guarded))("of %s that names anything twice is refused", async (_name, operation) => {
    const [known = "unknown"] = operation.query;
    for (const query of [`?${known}=a&${known}=a`, `?${known}=a&x=1&%${hex(known)}${known.slice(1)}=b`]) {
      const body = operation.body === null ? undefined : bodyFor(operation, "unwanted");
      expect(expectProblem(await call(operation, { body }, query), "invalid_request").status).toBe(400);
    }
  });

  it.each(table(guarded))(
    "of %s with an unknown parameter is refused: a misspelt limit must not be a silent one",
    async (_name, operation) => {
      const before = await rowCounts();
      for (const query of ["?surprise=1", "?__proto__=1", "?constructor=1", "?Limit=1", "?limit[]=1", "?="]) {
        const body = operation.body === null ? undefined : bodyFor(operation, "unwanted");
        expectProblem(await call(operation, { body }, query), "invalid_request");
      }
      expect(await rowCounts()).toEqual(before);
    },
  );

  it.each(table(OPERATIONS.filter(({ method }) => method === "GET")))(
    "of %s with odd values never makes anything break",
    async (_name, operation) => {
      for (const name of operation.query) {
        for (const value of ["", ...ODD]) {
          const answer = await call(operation, {}, `?${name}=${value}`);
          expect([200, 400, 403, 404]).toContain(answer.status);
        }
      }
    },
  );
});

const hex = (name: string): string => name.charCodeAt(0).toString(16);

/** They name the door of any name alike, so that nobody learns which tools there are (P11). */
const LOOK_NOTHING_UP = ["toolResourceMetadata", "mcpResourceMetadata"];

describe("a path", () => {
  it.each(table(OPERATIONS.filter(({ id, params }) => params.length > 0 && !LOOK_NOTHING_UP.includes(id))))(
    "of %s with odd values names nothing",
    async (_name, operation) => {
      for (const name of operation.params) {
        for (const value of ODD) {
          const path = operation.path
            .replace(`{${name}}`, value)
            .replaceAll(/\{(\w+)\}/g, (_whole, other: string) => namesOf(tenant)[other] ?? "");
          const body = operation.body === null ? undefined : bodyFor(operation, "unwanted");
          const answer = await send(operation.method, path, {
            authorization: credentialFor(operation),
            body,
          });
          expect(expectProblem(answer, "not_found").status).toBe(404);
        }
      }
    },
  );
});

describe("an Idempotency-Key", () => {
  const mutations = OPERATIONS.filter(({ by, method }) => by === "operator" && method !== "GET");

  it.each(table(mutations))(
    "of %s that is malformed is refused and has no effect (P12)",
    async (_name, operation) => {
      const before = await rowCounts();
      for (const key of ["", " ", "a b", "k".repeat(256), tenant.agent.key, `x-${tenant.agent.key}`]) {
        const headers = { "idempotency-key": key };
        const body = operation.body === null ? undefined : bodyFor(operation, "unwanted");
        expectProblem(await call(operation, { headers, body }), "invalid_request");
      }
      expect(await rowCounts()).toEqual(before);
    },
  );
});
