/** One JSON line per request, and no secret in it wherever a caller puts one (P4). */
import { env, exports } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { isLogged } from "../../src/api/request-log.ts";
import { parseEnv } from "../../src/env.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { TEST_ADMIN_TOKEN } from "../support/fixed-secrets.ts";

const ORIGIN = "https://dome.example";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZ3RfMSJ9.c2lnbmF0dXJl";

afterEach(() => {
  vi.restoreAllMocks();
});

/** The log lines of one request. */
async function linesOf(path: string, init: RequestInit): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  for (const level of ["log", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => void lines.push(line));
  }
  await (await exports.default.fetch(new Request(`${ORIGIN}${path}`, init))).arrayBuffer();
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line["event"] === "http.request");
}

it("says what was asked, by which token, in which trace, and how it ended", async () => {
  const lines = await linesOf("/api/v1/workspaces?limit=1", {
    headers: {
      authorization: `Bearer ${TEST_ADMIN_TOKEN}`,
      traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
    },
  });
  expect(lines).toMatchObject([
    {
      level: "info",
      event: "http.request",
      method: "GET",
      path: "/api/v1/workspaces",
      status: 200,
      actor: "operator:admin",
      trace_id: TRACE,
    },
  ]);
});

it.each([
  ["the path", `/api/v1/agents/${TEST_ADMIN_TOKEN}`, {}],
  ["the path, as a JWT", `/api/v1/agents/${JWT}`, {}],
  ["the query", `/api/v1/agents?cursor=${TEST_ADMIN_TOKEN}`, {}],
  ["a header", "/api/v1/agents", { authorization: `Bearer ${TEST_ADMIN_TOKEN}x`, "x-key": TEST_ADMIN_TOKEN }],
  ["the user agent", "/api/v1/agents", { "user-agent": TEST_ADMIN_TOKEN }],
  ["the trace", "/api/v1/agents", { traceparent: TEST_ADMIN_TOKEN }],
])("has no secret that a caller put into %s (P4)", async (_where, path, headers: Record<string, string>) => {
  const lines = await linesOf(path, { headers });
  expect(lines).toHaveLength(1);
  const text = JSON.stringify(lines);
  expect(text).not.toContain(TEST_ADMIN_TOKEN);
  expect(text).not.toContain(JWT);
});

it("is kept for one of so many requests, drawn by their ids, and for every fault", () => {
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz".split("");
  const ids = alphabet.flatMap((a) =>
    alphabet.flatMap((b) => alphabet.map((c) => `req_01k9v3m8q2x7n5r4t6w0y1z0${a}${b}${c}`)),
  );
  const kept = (oneIn: number | null, status: number): number =>
    ids.filter((id) => isLogged(oneIn, status, id)).length;
  expect(ids).toHaveLength(32_768);
  expect([kept(1, 200), kept(100, 200), kept(100, 403), kept(null, 200)]).toEqual([32_768, 328, 328, 0]);
  expect([kept(100, 500), kept(100, 503), kept(null, 500)]).toEqual([32_768, 32_768, 0]);
});

it.each([
  [undefined, 1],
  ["requests", 1],
  ["errors", null],
  ["1/100", 100],
])("is kept as DOME_LOG says: %j", (text, oneIn) => {
  expect(parseEnv({ ...env, DOME_LOG: text } as never, systemClock).logsOneIn).toBe(oneIn);
});

it.each(["", "all", "0", "1/0", "2/3", "1/x", "1/100000"])("is not guessed from DOME_LOG=%j", (text) => {
  expect(() => parseEnv({ ...env, DOME_LOG: text } as never, systemClock)).toThrow("DOME_LOG must be");
});
