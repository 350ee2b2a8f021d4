/** Each door says in its own words what breaks: OAuth clients read RFC 6749 bodies, everything else reads problems. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { oauthError } from "../../src/contract/oauth.ts";
import { problem } from "../../src/contract/problem.ts";
import type { RawEnv } from "../../src/env.ts";
import { idPattern } from "../../src/kernel/ids.ts";
import { bearer, expectSafeHeaders, jsonOf, send, type Answer } from "../security/calls.fixture.ts";
import { madeUpKey } from "../security/credentials.fixture.ts";
import {
  activeAgent,
  makeWorkspace,
  operatorToken,
  type TestAgent,
} from "../security/installation.fixture.ts";
import { bodyFor, OPERATIONS, pathOf, type Operation } from "../security/routes.fixture.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";

let agent: TestAgent;
let auditor: string;

beforeAll(async () => {
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockReturnValue(undefined);
  await makeWorkspace("default");
  agent = await activeAgent("default", "asker", { surface: { tools: ["crm"] } });
  auditor = bearer(await operatorToken({ role: "admin" }));
});

/** The bindings with a database that answers every statement in this way. */
function bindingsWith(fault: string): RawEnv {
  const broken = async (): Promise<never> => {
    throw new Error(fault);
  };
  const statement = { bind: () => statement, first: broken, all: broken, run: broken, raw: broken };
  return { ...env, DB: { prepare: () => statement, batch: broken, exec: broken } as unknown as D1Database };
}

/** What clients may hear, and must not: a fault's own words. */
const AWAY = [
  "D1_ERROR: no such host: the database is away",
  "D1_ERROR: database is locked: SQLITE_BUSY",
  "D1_ERROR: database table is locked: SQLITE_LOCKED",
  "D1_ERROR: database or disk is full: SQLITE_FULL",
  "D1_ERROR: disk I/O error: SQLITE_IOERR",
];
const BROKEN = "D1_ERROR: no such column: speed: SQLITE_ERROR";

/** Operations that look something up in D1 before they answer, in an isolate that knows nothing. */
const asking = OPERATIONS.filter(({ by, id }) => by !== "anyone" || id === "readyz");
const table = asking.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);
/** Readiness is no for whatever reason: a database that is broken is one that cannot serve. */
const guarded = table.filter(([, { id }]) => id !== "readyz");

async function ask(operation: Operation, raw: RawEnv): Promise<Answer> {
  const door = await anotherIsolate(raw);
  const isForm = operation.body === "application/x-www-form-urlencoded";
  const body = isForm
    ? "grant_type=client_credentials&token=x"
    : JSON.stringify(operation.body === null ? undefined : bodyFor(operation, "x"));
  const names = Object.fromEntries(operation.params.map((name) => [name, "x"]));
  const response = await door(
    new Request(TEST_ISSUER + pathOf(operation, names), {
      method: operation.method,
      headers: {
        authorization: operation.by === "client" || operation.by === "agent" ? bearer(agent.key) : auditor,
        ...(operation.body === null ? {} : { "content-type": operation.body }),
      },
      ...(operation.body === null ? {} : { body }),
    }),
  );
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Status and code, whichever dialect it is; the shape is checked on the way. */
function said(operation: Operation, answer: Answer): string {
  expectSafeHeaders(answer);
  const shape = [answer.headers.get("content-type"), answer.headers.get("cache-control")];
  expect(shape).toEqual(
    isOAuth(operation) ? ["application/json", "no-store"] : ["application/problem+json", null],
  );
  const code = isOAuth(operation)
    ? oauthError.parse(jsonOf(answer)).error
    : problem.parse(jsonOf(answer)).code;
  return `${answer.status} ${code}`;
}

const isOAuth = ({ path }: Operation): boolean => path.startsWith("/api/v1/auth/");

describe("a door whose database", () => {
  it.each(table)(
    "is away, locked or full: %s says to ask again, in its own words (P1)",
    async (_name, operation) => {
      for (const fault of AWAY) {
        const answer = await ask(operation, bindingsWith(fault));
        const expected = isOAuth(operation) ? "503 temporarily_unavailable" : "503 unavailable";
        expect({ fault, said: said(operation, answer) }).toEqual({ fault, said: expected });
        expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      }
    },
  );

  it.each(guarded)(
    "is broken: %s says so in its own words, and nothing of the fault (P4)",
    async (_name, operation) => {
      const answer = await ask(operation, bindingsWith(BROKEN));
      expect(said(operation, answer)).toBe(isOAuth(operation) ? "500 server_error" : "500 internal");
      expect(answer.headers.get("retry-after")).toBeNull();
      expect(answer.text).not.toContain("SQLITE");
    },
  );
});

describe("the OAuth endpoints", () => {
  it.each(["token", "introspect", "revoke"])(
    "take no other method: /%s says so in their words",
    async (name) => {
      const answer = await send("GET", `/api/v1/auth/${name}`);
      expect(answer).toMatchObject({ status: 405 });
      expect(answer.headers.get("allow")).toBe("POST");
      expect(oauthError.parse(jsonOf(answer)).error).toBe("invalid_request");
    },
  );
});

describe("a form", () => {
  const paths = ["token", "introspect", "revoke"].map((name) => `/api/v1/auth/${name}`);

  /** A form that counts the bytes that are read of it. */
  function counted(size: number): { readonly body: ReadableStream<Uint8Array>; readonly read: () => number } {
    let read = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (read >= size) return controller.close();
          read += 1024;
          controller.enqueue(new Uint8Array(1024).fill(0x61));
        },
      },
      { highWaterMark: 0 },
    );
    return { body, read: () => read };
  }

  const FORM = { "content-type": "application/x-www-form-urlencoded" };

  it.each(paths)(
    "at %s is not read for a credential in the header that is refused: it costs its sender alone",
    async (path) => {
      for (const authorization of [bearer(madeUpKey("agent")), "Basic YTpi", "Digest x"]) {
        const { body, read } = counted(1_048_576);
        const answer = await send("POST", path, { authorization, headers: FORM, body });
        expect(answer.status).toBe(401);
        // A key that is refused may still be given up, in a form that says no more than that.
        const mayBeGivenUp = path.endsWith("/revoke") && authorization.startsWith("Bearer");
        expect(read()).toBeLessThanOrEqual(mayBeGivenUp ? 2_048 : 0);
      }
    },
  );

  it.each(paths)("at %s is read up to 64 KB, with a good key in the header and without one", async (path) => {
    for (const authorization of [bearer(agent.key), undefined]) {
      const { body, read } = counted(1_048_576);
      const answer = await send("POST", path, { authorization, headers: FORM, body });
      expect(answer.status).toBe(413);
      expect(oauthError.parse(jsonOf(answer)).error).toBe("invalid_request");
      expect(read()).toBeLessThanOrEqual(65_536 + 1024);
    }
  });

  it.each(paths)("at %s is not unpacked: a compressed one is 415", async (path) => {
    const headers = { ...FORM, "content-encoding": "gzip" };
    const answer = await send("POST", path, { authorization: bearer(agent.key), headers, body: "token=x" });
    expect(answer.status).toBe(415);
    expect(jsonOf(answer)).toEqual({
      error: "invalid_request",
      error_description: "The body is compressed. Send it uncompressed, without Content-Encoding.",
    });
  });
});

describe("an environment that cannot be used", () => {
  /** A secret that is none: nothing can be composed from these bindings. */
  const unusable: RawEnv = { ...env, DOME_ROOT_KEY: "not-a-key" };
  const askedOf = async (path: string, method: string): Promise<Answer> => {
    const door = await anotherIsolate(unusable);
    const response = await door(new Request(TEST_ISSUER + path, { method }));
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  /** The request id; the issuer is not known, so nothing is said of https. */
  const expectOurs = ({ headers, text }: Answer): string => {
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(text).not.toMatch(/not-a-key|DOME_ROOT_KEY/);
    return headers.get("dome-request-id") ?? "";
  };

  it.each(OPERATIONS.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "is answered by %s in its own dialect, with a request id and the headers of every answer",
    async (_, operation) => {
      const answer = await ask(operation, unusable);
      const requestId = expectOurs(answer);
      expect(requestId).toMatch(idPattern("req"));
      expect(answer.status).toBe(500);
      const body = isOAuth(operation) ? oauthError.parse(jsonOf(answer)) : problem.parse(jsonOf(answer));
      const expected = isOAuth(operation)
        ? { error: "server_error" }
        : { code: "internal", instance: requestId };
      expect(body).toMatchObject(expected);
    },
  );

  it.each([
    ["/no-such-route", "GET", 404],
    ["/api/v1/agents", "PUT", 405],
    ["/api/v1/check", "OPTIONS", 500],
  ])("is no reason to answer %s %s without them", async (path, method, status) => {
    const answer = await askedOf(path, method);
    expect(answer.status).toBe(status);
    expect(expectOurs(answer)).toMatch(idPattern("req"));
  });

  it.each([
    ["POST", 404, 4040],
    ["OPTIONS", 500, -32603],
  ])(
    "answers %s below /mcp/ as JSON-RPC, because an MCP client reads nothing else",
    async (method, status, code) => {
      const answer = await askedOf("/mcp/crm/x", method);
      expectOurs(answer);
      expect(answer.status).toBe(status);
      expect(jsonOf(answer)).toMatchObject({ jsonrpc: "2.0", id: null, error: { code } });
    },
  );
});
