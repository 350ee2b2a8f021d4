/** Browsers: only where a call token authenticates, and only from the origins that the installation names. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { RawEnv } from "../../src/env.ts";
import { bearer, expectSafeHeaders, send, type Answer } from "./calls.fixture.ts";
import { ADMIN, makeTenant, namesOf, type Tenant } from "./installation.fixture.ts";
import { bodyFor, OPERATIONS, pathOf, type Operation } from "./routes.fixture.ts";

const ALLOWED = "https://app.example";
const configured: RawEnv = { ...env, DOME_CORS_ORIGINS: `${ALLOWED}, https://other-app.example` };
const FOREIGN = [
  "https://evil.example",
  "http://app.example",
  "https://app.example:8443",
  "https://app.example.evil.example",
  "https://evilapp.example",
  "https://APP.example",
  "null",
  "*",
  "",
];

/** A page can tell the user why, name the request, and come back in time. */
const READABLE = [
  `access-control-allow-origin: ${ALLOWED}`,
  "access-control-expose-headers: dome-request-id, retry-after, www-authenticate",
];

let tenant: Tenant;

beforeAll(async () => {
  tenant = await makeTenant("mine", "crm");
});

const corsOf = ({ headers }: Answer): string[] =>
  [...headers]
    .filter(([name]) => name.startsWith("access-control-"))
    .map(([name, value]) => `${name}: ${value}`);

function call(operation: Operation, origin: string, raw: RawEnv) {
  return send(operation.method, pathOf(operation, namesOf(tenant)), {
    authorization: operation.by === "agent" ? bearer(tenant.token) : ADMIN,
    headers: { origin },
    body: operation.body === "application/json" ? bodyFor(operation, "x") : undefined,
    env: raw,
  });
}

const preflight = (operation: Operation, origin: string, raw: RawEnv) =>
  send("OPTIONS", pathOf(operation, namesOf(tenant)), {
    headers: {
      origin,
      "access-control-request-method": operation.method,
      "access-control-request-headers": "authorization, content-type",
    },
    env: raw,
  });

const table = (operations: readonly Operation[]) =>
  operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);
const forTokens = OPERATIONS.filter(({ by }) => by === "agent");
/** What verifies tokens, and says where to get one. */
const PUBLIC = [
  "jwks",
  "authorizationServerMetadata",
  "protectedResourceMetadata",
  "toolResourceMetadata",
  "mcpResourceMetadata",
  "mcpAllResourceMetadata",
];
const documents = OPERATIONS.filter(({ id }) => PUBLIC.includes(id));
const others = OPERATIONS.filter(({ by, id }) => by !== "agent" && !PUBLIC.includes(id));

describe("a page of an allowed origin", () => {
  it.each(table(forTokens))("may call %s with a call token", async (_name, operation) => {
    const asked = await preflight(operation, ALLOWED, configured);
    expect(asked.status).toBe(204);
    expectSafeHeaders(asked);
    expect(corsOf(asked).toSorted()).toEqual([
      "access-control-allow-headers: authorization, content-type, dome-act-as, traceparent",
      "access-control-allow-methods: GET, POST",
      `access-control-allow-origin: ${ALLOWED}`,
      "access-control-max-age: 600",
    ]);
    const answer = await call(operation, ALLOWED, configured);
    expect(answer.status).toBe(200);
    expect(corsOf(answer)).toEqual(READABLE);
    expect(answer.headers.get("vary")).toBe("origin");
  });

  it("may use the MCP doors with the headers of its protocol, and those that repeat an argument", async () => {
    const asked = await send("OPTIONS", "/mcp/crm", {
      headers: {
        origin: ALLOWED,
        "access-control-request-method": "POST",
        "access-control-request-headers":
          "authorization, mcp-method, Mcp-Param-Region, cookie, mcp-param-a b",
      },
      env: configured,
    });
    expect(corsOf(asked).toSorted()).toEqual([
      "access-control-allow-headers: authorization, content-type, dome-act-as, traceparent, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, last-event-id, tracestate, mcp-param-region",
      "access-control-allow-methods: GET, POST, DELETE",
      `access-control-allow-origin: ${ALLOWED}`,
      "access-control-max-age: 600",
    ]);
    const refused = await send("POST", "/mcp/crm", { headers: { origin: ALLOWED }, env: configured });
    expect([refused.status, corsOf(refused)]).toEqual([
      401,
      [
        `access-control-allow-origin: ${ALLOWED}`,
        `${READABLE[1] ?? ""}, mcp-session-id, mcp-protocol-version`,
      ],
    ]);
  });

  it("reads a refusal too, or it could not tell the user what is wrong", async () => {
    const answer = await send("POST", "/api/v1/check", { headers: { origin: ALLOWED }, env: configured });
    expect(answer.status).toBe(401);
    expect(corsOf(answer)).toEqual(READABLE);
  });

  it.each(table(others))(
    "has no business at %s: operator tokens and keys do not belong in pages",
    async (_name, operation) => {
      expect(corsOf(await preflight(operation, ALLOWED, configured))).toEqual([]);
    },
  );

  it.each(table(others.filter(({ method }) => method === "GET")))(
    "reads nothing of %s, even if it has the credential",
    async (_name, operation) => {
      expect(corsOf(await call(operation, ALLOWED, configured))).toEqual([]);
    },
  );
});

describe("a page of any origin", () => {
  it.each(table(documents))("may read %s: it is public, and has no credential", async (_name, operation) => {
    for (const origin of [ALLOWED, ...FOREIGN]) {
      for (const raw of [configured, env]) {
        expect(corsOf(await preflight(operation, origin, raw)).toSorted()).toEqual([
          "access-control-allow-headers: *",
          "access-control-allow-methods: GET",
          "access-control-allow-origin: *",
          "access-control-max-age: 600",
        ]);
        const answer = await send(operation.method, pathOf(operation, namesOf(tenant)), {
          headers: { origin },
          env: raw,
        });
        expect(answer.status).toBe(200);
        expect(corsOf(answer)[0]).toBe("access-control-allow-origin: *");
      }
    }
  });
});

describe("a page of another origin", () => {
  it.each(table(forTokens))("may not call %s, however it spells its origin", async (_name, operation) => {
    for (const origin of FOREIGN) {
      expect(corsOf(await preflight(operation, origin, configured))).toEqual([]);
      const answer = await call(operation, origin, configured);
      expect(corsOf(answer)).toEqual([]);
      expect(answer.headers.get("vary")).toBe("origin");
    }
  });

  it.each(table(forTokens))(
    "may not call %s of an installation that names none",
    async (_name, operation) => {
      for (const origin of [ALLOWED, "", "null", "*"]) {
        expect(corsOf(await preflight(operation, origin, env))).toEqual([]);
        expect(corsOf(await call(operation, origin, env))).toEqual([]);
      }
    },
  );
});

describe("no answer anywhere", () => {
  it.each(table(OPERATIONS.filter(({ method }) => method === "GET")))(
    "of %s lets a page send cookies: there are none",
    async (_name, operation) => {
      const answer = await call(operation, ALLOWED, configured);
      expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
      expect(answer.headers.get("set-cookie")).toBeNull();
    },
  );
});
