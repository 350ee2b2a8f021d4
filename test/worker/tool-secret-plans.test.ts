/** The credentials of one tool are read, and go with it, at a cost that does not grow with those of other tools. */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import type { Id, WorkspaceId } from "../../src/kernel/ids.ts";
import { catalogStatements } from "../../src/registry/catalog-writes.ts";
import { secretsOf, secretStatements } from "../../src/registry/tool-secrets.ts";
import type { Statement } from "../../src/storage/change.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { sampleId } from "../support/audit-sample.ts";
import { countedRows } from "../support/counted-rows.ts";

/** What Drizzle's statements have beside what a batch asks of them. */
interface Written {
  toSQL(): { readonly sql: string; readonly params: readonly unknown[] };
}

const db = openDatabase(env.DB);
const HOME = sampleId("wsp", 1) as WorkspaceId;
const toolId = (n: number) => `tol_${String(n).padStart(26, "0")}` as Id<"tol">;
const secretId = (n: number) => `sec_${String(n).padStart(26, "0")}` as Id<"sec">;

/** Tools with one credential each, from number `from` to number `to`. */
const insert = (from: number, to: number) =>
  env.DB.batch([
    env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO catalog_tools (id, workspace_id, name, kind, created_at, secrets)
       SELECT printf('tol_%026d', i), ?3, printf('tool-%05d', i), 'http', i, 1 FROM n`,
    ).bind(from, to, HOME),
    env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO tool_secrets (id, tool_id, workspace_id, sealed, created_at, created_by)
       SELECT printf('sec_%026d', i), printf('tol_%026d', i), ?3, 'sealed', i, 'ada@example.com' FROM n`,
    ).bind(from, to, HOME),
  ]);

async function listed(n: number): Promise<number> {
  const { database, rowsRead } = countedRows(env.DB);
  expect(await secretsOf(openDatabase(database), toolId(n))).toHaveLength(1);
  return rowsRead();
}

async function changed(statements: readonly Statement[]): Promise<number> {
  const prepared = statements.map((statement) => {
    const { sql, params } = (statement as unknown as Written).toSQL();
    return env.DB.prepare(sql).bind(...params);
  });
  return (await env.DB.batch(prepared)).reduce((sum, { meta }) => sum + meta.rows_read, 0);
}

beforeAll(async () => {
  await env.DB.prepare("INSERT INTO workspaces (id, name, created_at) VALUES (?, 'home', 1)")
    .bind(HOME)
    .run();
});

it("reads as many rows for a credential, and for a tool that goes, beside 1,600 other tools as beside 100", async () => {
  const read = async (n: number): Promise<number[]> => [
    await listed(n),
    await changed(secretStatements(db, { act: "remove", tool: toolId(n), id: secretId(n) })),
    await changed(
      catalogStatements(db, HOME, {
        act: "remove",
        kind: "tool",
        name: `tool-${String(n).padStart(5, "0")}`,
        force: true,
      }),
    ),
  ];
  await insert(1, 100);
  const few = await read(1);
  await insert(101, 1_600);
  const many = await read(2);
  expect(many).toEqual(few);
});
