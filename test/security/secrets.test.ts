/**
 * Secrets are not kept (P4). Known secrets are put into every place where a caller can put anything, and then looked
 * for in every answer, every log line, every row of the registry and the storage of every object.
 */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { AgentCreated } from "../../src/contract/agent.ts";
import type { AuditEntry } from "../../src/contract/audit.ts";
import type { RawEnv } from "../../src/env.ts";
import { fromBase64, toBase64, toBase64Url, toHex, utf8 } from "../../src/kernel/bytes.ts";
import { open } from "../../src/secrets/envelope.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { loadSigningKeys } from "../../src/tokens/signing-key-reads.ts";
import { TEST_ADMIN_TOKEN, TEST_ROOT_KEY } from "../support/fixed-secrets.ts";
import { mcpAnswers } from "../support/mcp-answers.ts";
import { bearer, done, jsonOf, send } from "./calls.fixture.ts";
import {
  activeAgent,
  ADMIN,
  callToken,
  derivedKeys,
  issueKey,
  makeTenant,
  operatorToken,
  revokeKey,
  UPSTREAM_SECRET,
  type Tenant,
  type TestAgent,
} from "./installation.fixture.ts";
import { percentEncoded, plantedIn, plantedInForm } from "./planting.fixture.ts";
import { OPERATIONS, SEARCH } from "./routes.fixture.ts";
import { everythingKept, type Kept } from "./storage.fixture.ts";

let tenant: Tenant;
let asker: TestAgent;
/** By name, what a caller may hold and put anywhere. */
let planted: Readonly<Record<string, string>>;
/** Every form in which a secret would be one, with its name. */
let lookedFor: readonly Kept[];
const log: string[] = [];
/** The bindings of the test, with a line per request in the log. */
const LOGGED: RawEnv = { ...env, DOME_LOG: "requests" };

beforeAll(async () => {
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
      log.push(args.map(String).join(" "));
    });
  }
  tenant = await makeTenant("mine", "crm");
  asker = await activeAgent("mine", "asker");
  const clear = { workspace: "mine", name: "clear", clear_arguments: true };
  await done("POST", "/api/v1/tools", { authorization: ADMIN, body: clear });
  const second = await issueKey(tenant.agent);
  await revokeKey(tenant.agent, second.api_key.id);
  planted = {
    "a live API key": tenant.agent.key,
    "a dead API key": second.api_key.secret ?? "",
    "an operator token": await operatorToken({ role: "admin" }),
    "the admin token": TEST_ADMIN_TOKEN,
    "a call token": await callToken(tenant.agent.key),
  };
  lookedFor = [
    ...Object.entries(planted).flatMap(formsOf),
    ["the secret of a tool", UPSTREAM_SECRET],
    ...(await ofTheInstallation()),
  ];
}, 60_000);

afterAll(() => vi.restoreAllMocks());

/** As it is, without its prefix, and as a client that authenticates by Basic would spell it. */
function formsOf([name, secret]: readonly [string, string]): Kept[] {
  const signature = secret.split(".").at(-1) ?? "";
  if (secret.startsWith("ey")) return [signature, percentEncoded(signature)].map((form) => [name, form]);
  const basic = btoa(`${tenant.agent.id}:${secret}`);
  const bare = secret.slice("dome_at_".length);
  return [bare, percentEncoded(bare), basic].map((form) => [name, form]);
}

/** What no caller has: the root key, what is derived from it, and the private halves of the signing keys. */
async function ofTheInstallation(): Promise<Kept[]> {
  const derived = await derivedKeys();
  const bytes = { "the root key": fromBase64(TEST_ROOT_KEY), ...derived };
  const keys = Object.entries(bytes).flatMap(([name, value]): Kept[] =>
    typeof value === "string"
      ? []
      : [toBase64(value), toBase64Url(value), toHex(value), String.fromCharCode(...value)].map((form) => [
          name,
          form,
        ]),
  );
  for (const { kid, use, sealedPrivate } of await loadSigningKeys(openDatabase(env.DB))) {
    const opened = await open([derived], sealedPrivate, `signing-key:${use}:${kid}`);
    if (!opened.ok) throw new Error(opened.error.kind);
    keys.push([`the private ${use} key`, (JSON.parse(opened.value) as { d: string }).d]);
  }
  return keys;
}

/** The places in which a secret stands that must not. */
const leaks = (places: readonly Kept[]): string[] =>
  places.flatMap(([place, text]) =>
    lookedFor.filter(([, secret]) => text.includes(secret)).map(([name]) => `${name} in ${place}`),
  );

const jsonOperations = OPERATIONS.filter(({ by }) => by !== "client");

describe("a secret that a caller puts where it does not belong", () => {
  it.each(jsonOperations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s repeats in no answer (P4)",
    async (_name, operation) => {
      const server = vi.spyOn(globalThis, "fetch").mockImplementation(mcpAnswers([SEARCH]).answer);
      for (const [name, secret] of Object.entries(planted)) {
        for (const [where, method, path, sent] of plantedIn(operation, secret, tenant)) {
          const { status, headers, text } = await send(method, path, { ...sent, env: LOGGED });
          const said = [...headers].map((header) => header.join(": ")).join("\n") + text;
          expect({ name, where, leaks: leaks([[where, said]]) }).toEqual({ name, where, leaks: [] });
          expect(status).toBeLessThan(500);
        }
      }
      server.mockRestore();
    },
    30_000,
  );

  it("POST /api/v1/auth/token repeats in no answer (P4)", async () => {
    for (const [name, secret] of Object.entries(planted)) {
      for (const [where, method, path, sent] of plantedInForm(secret, asker)) {
        const { status, headers, text } = await send(method, path, { ...sent, env: LOGGED });
        const said = [...headers].map((header) => header.join(": ")).join("\n") + text;
        expect({ name, where, leaks: leaks([[where, said]]) }).toEqual({ name, where, leaks: [] });
        expect(status).toBeLessThan(500);
      }
    }
  });

  it("repeats in no answer of a path that is none (P4)", async () => {
    for (const [name, secret] of Object.entries(planted)) {
      for (const path of [`/api/v1/nowhere/${secret}`, `/api/v1/agents/x/y/${percentEncoded(secret)}`]) {
        const { status, text } = await send("GET", path, { authorization: ADMIN, env: LOGGED });
        expect({ name, status, leaks: leaks([[path, text]]) }).toEqual({ name, status: 404, leaks: [] });
      }
    }
  });

  it("stands in a clear-text argument only as a mask, and the decision is made all the same", async () => {
    for (const secret of Object.values(planted)) {
      const body = { tool: "clear", arguments: { note: `use ${secret}`, [secret]: [{ secret }] } };
      const answer = await send("POST", "/api/v1/check", { authorization: bearer(tenant.agent.key), body });
      expect(answer.status).toBe(200);
    }
  });
});

describe("when a dependency breaks", () => {
  it("a message from inside with a secret in it reaches neither the answer nor the log (P4)", async () => {
    const secret = tenant.agent.key;
    const broken = new Proxy(env.DB, {
      get: () => () => {
        throw new Error(`no such column: ${secret} ${planted["a call token"]}`);
      },
    });
    const answer = await send("GET", "/api/v1/workspaces", {
      authorization: ADMIN,
      env: { ...env, DB: broken },
    });
    expect(answer.status).toBe(500);
    expect(jsonOf(answer)).toMatchObject({
      code: "internal",
      detail: "Dome has failed at this request. Search the log for the request id.",
    });
    const line = log.find((each) => each.includes("http.fault") && each.includes("no such column"));
    expect(line).toContain("no such column: [redacted] [redacted]");
    expect(line).toContain(answer.headers.get("dome-request-id") ?? "?");
  });

  it("the log names the statement that failed, and nothing that it was given", async () => {
    const fails = () => Promise.reject(new Error("D1_ERROR: the database is gone"));
    const statement = { bind: () => ({ all: fails, raw: fails, run: fails, first: fails }) };
    const gone: RawEnv = { ...env, DB: { prepare: () => statement } as unknown as D1Database };
    const answer = await send("GET", "/api/v1/agents?workspace=grace-hopper", {
      authorization: ADMIN,
      env: gone,
    });
    expect(answer.status).toBeGreaterThanOrEqual(500);
    const lines = log.filter((line) => line.includes(answer.headers.get("dome-request-id") ?? "?"));
    expect(lines.join("\n")).toContain("Failed query: select");
    expect(lines.join("\n")).not.toContain("grace-hopper");
  });

  it("an environment that is not right is named, and never with its value (P4)", async () => {
    const wrong = "b3ZlciB0aGUgbGF6eSBkb2c=";
    const answer = await send("GET", "/healthz", { env: { ...env, DOME_ROOT_KEY: wrong } });
    expect(answer.status).toBe(500);
    const said = answer.text + log.join("\n");
    expect(said).toContain("DOME_ROOT_KEY is not usable: wrong_length");
    expect(said).not.toContain(wrong);
  });
});

describe("after all that, and after a life of ordinary requests", () => {
  it("a repeat shows no secret, also not the one whose answer was the first (P4, P12)", async () => {
    const sent = {
      authorization: ADMIN,
      headers: { "idempotency-key": "first-and-second" },
      body: { workspace: "mine", name: "repeated" },
    };
    const first = await done<AgentCreated>("POST", "/api/v1/agents", sent);
    const again = await done<AgentCreated>("POST", "/api/v1/agents", sent);
    expect(first.api_key.secret).toMatch(/^dome_at_[0-9A-Za-z]{49}$/);
    expect(again).toEqual({ ...first, secret_shown: true, api_key: { ...first.api_key, secret: null } });
    lookedFor = [...lookedFor, ["a new key", first.api_key.secret?.slice(8) ?? "?"]];
  });

  it("no secret stands in the registry or in the storage of any object (P4)", async () => {
    const kept = await everythingKept();
    expect(kept.map(([place]) => place)).toEqual(
      expect.arrayContaining([
        "D1 api_keys",
        "D1 idempotency",
        "D1 signing_keys",
        "D1 tool_secrets",
        "AGENT agent",
        "LEDGER entries",
      ]),
    );
    expect(kept.find(([place]) => place === "D1 agents")?.[1]).toContain(tenant.agent.id);
    expect(leaks(kept)).toEqual([]);
  });

  /** Every record of both trails, as JSON. */
  async function wholeTrail(): Promise<Kept[]> {
    const places: Kept[] = [];
    for (const workspace of ["mine", "org"]) {
      for (let cursor: string | null = ""; cursor !== null;) {
        const query = `workspace=${workspace}&limit=200${cursor === "" ? "" : `&cursor=${cursor}`}`;
        const page: { items: AuditEntry[]; next_cursor: string | null } = await done(
          "GET",
          `/api/v1/audit?${query}`,
          { authorization: ADMIN },
        );
        for (const entry of page.items) places.push([`a record of ${entry.kind}`, JSON.stringify(entry)]);
        cursor = page.next_cursor;
      }
    }
    return places;
  }

  it("no secret stands in the audit trail, as whoever may read it reads it (P4)", async () => {
    const masked = async (): Promise<number> =>
      (await wholeTrail()).filter(([, text]) => text.includes('"note":"use [redacted]"')).length;
    // A decision's record is on its way to the ledger when the answer is out.
    await expect.poll(masked, { timeout: 8_000 }).toBe(Object.keys(planted).length);
    const places = await wholeTrail();
    expect(places.length).toBeGreaterThan(50);
    expect(leaks(places)).toEqual([]);
  });

  it("no secret stands in any line of the log (P4)", () => {
    expect(log.filter((line) => line.includes('"event":"http.request"')).length).toBeGreaterThan(1000);
    expect(leaks(log.map((line) => ["the log", line]))).toEqual([]);
  });

  it("the search would have found one: it finds the secrets that were put there for it", () => {
    for (const [name, secret] of Object.entries(planted)) {
      expect(leaks([["a test", `xx${secret}yy`]])).toContain(`${name} in a test`);
    }
    expect(leaks([["a test", toBase64(utf8("nothing"))]])).toEqual([]);
  });
});
