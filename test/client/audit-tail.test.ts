/** The live trail of a running server: through the client, and through `dome audit tail`. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { ApiError } from "../../sdk/typescript/src/errors.ts";
import type { AuditEntry } from "../../src/contract/audit.ts";
import { CLI, endEverything, startServer, type RunningServer } from "../support/server.ts";

let server: RunningServer;
let plane: ControlPlane;

beforeAll(async () => {
  server = await startServer();
  plane = new ControlPlane({ url: server.url, token: server.adminToken });
});
afterAll(endEverything);

/** The next records; ends the connection behind them. */
async function take(records: AsyncGenerator<AuditEntry>, count: number): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const entry of records) {
    entries.push(entry);
    if (entries.length === count) break;
  }
  return entries;
}

const tools = (entries: readonly AuditEntry[]): (string | undefined)[] =>
  entries.map((entry) => entry.target?.id);
const ADDED = { kind: "catalog.tool_added" };

it("shows what happens after it began, and nothing before", async () => {
  const workspace = (await plane.workspaces.create({ name: "live" })).name;
  await plane.tools.add({ workspace, name: "before" });
  expect(tools(await take(plane.audit.tail({ workspace, ...ADDED }, 0), 1))).toEqual(["before"]);
  const fresh = plane.audit.tail({ workspace, readings: true });
  const seen = take(fresh, 2); // its own reading comes first: then the connection stands
  const own = await take(plane.audit.tail({ workspace, kind: "audit.read" }, 0), 2);
  expect(own.map((entry) => entry.operator?.subject)).toEqual(["admin", "admin"]);
  await plane.tools.add({ workspace, name: "after" });
  expect((await seen).map((entry) => entry.kind)).not.toContain("workspace.created");
});

it("goes on behind a seq, so that a reader who was cut misses nothing", async () => {
  const workspace = (await plane.workspaces.create({ name: "resumed" })).name;
  for (const name of ["one", "two", "three"]) await plane.tools.add({ workspace, name });
  const [one] = await take(plane.audit.tail({ workspace, ...ADDED }, 0), 1);
  expect(tools([one as AuditEntry])).toEqual(["one"]);
  expect(tools(await take(plane.audit.tail({ workspace, ...ADDED }, one?.seq), 2))).toEqual(["two", "three"]);
});

it("is closed to whoever has no valid token", async () => {
  const stranger = new ControlPlane({ url: server.url, token: "dome_ot_x" });
  await expect(take(stranger.audit.tail(), 1)).rejects.toMatchObject({ status: 401, code: "invalid_token" });
});

it("refuses a filter that is not right with the member at fault", async () => {
  const wrong = take(plane.audit.tail({ kind: "NO KIND" }), 1);
  await expect(wrong).rejects.toBeInstanceOf(ApiError);
});

it("prints one record a line with `dome audit tail --json`", async () => {
  const workspace = (await plane.workspaces.create({ name: "piped" })).name;
  for (const name of ["one", "two"]) await plane.tools.add({ workspace, name });
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      CLI,
      "audit",
      "tail",
      "--workspace",
      workspace,
      "--kind",
      "catalog.*",
      "--after",
      "0",
      "--count",
      "2",
      "--json",
    ],
    { env: { ...server.clientEnv } },
  );
  const lines = stdout.trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as AuditEntry).target?.id)).toEqual(["one", "two"]);
});

it("replays what was recorded from a time on with `dome audit tail --since`, oldest first, and nothing before", async () => {
  const workspace = (await plane.workspaces.create({ name: "replayed" })).name;
  for (const name of ["one", "two", "three"]) await plane.tools.add({ workspace, name });
  const recorded = await take(plane.audit.tail({ workspace, ...ADDED }, 0), 3);
  const since = recorded[1]?.time ?? "";
  const later = recorded.filter(({ time }) => time >= since);
  const replay = async (from: string, count: number): Promise<(string | undefined)[]> => {
    const words = ["--workspace", workspace, "--kind", ADDED.kind, "--since", from, "--count", String(count)];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [CLI, "audit", "tail", ...words, "--json"],
      { env: { ...server.clientEnv } },
    );
    const lines = stdout.trim().split("\n");
    return tools(lines.map((line) => JSON.parse(line) as AuditEntry));
  };
  expect(await replay("1h", 3)).toEqual(["one", "two", "three"]);
  expect(await replay(since, later.length)).toEqual(tools(later));
});

it("shows outboxes, ledgers and keys with `dome status`", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, "status", "--json"], {
    env: { ...server.clientEnv },
  });
  const status = await plane.status();
  expect(JSON.parse(stdout)).toMatchObject({
    issuer: server.url,
    audit_sink: "outbox",
    version: status.version,
  });
  expect(status.ledgers.map((ledger) => ledger.name)).toEqual([
    "default",
    "live",
    "piped",
    "replayed",
    "resumed",
    "org",
  ]);
  expect(status.ledgers.map((ledger) => [ledger.rejected, ledger.dead_letters])).toEqual(
    status.ledgers.map(() => [0, 0]),
  );
});
