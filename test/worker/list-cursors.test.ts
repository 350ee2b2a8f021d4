/**
 * The cursors of lists over workspaces. A page looks at so many agents or keys and no more, so it may end at one that the reader
 * does not see: the cursor must tell nothing of it, and must not be one that a reader can write.
 */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { Workspace } from "../../src/contract/workspace.ts";
import { MOST_KEYS_LOOKED_AT } from "../../src/credentials/key-list.ts";
import { MOST_LOOKED_AT } from "../../src/registry/agent-list.ts";
import { bearer, done, expectProblem, send } from "../security/calls.fixture.ts";
import { makeWorkspace, operatorToken, registerAgent } from "../security/installation.fixture.ts";
import { sampleId } from "../support/audit-sample.ts";

interface Page {
  readonly items: readonly { readonly workspace: string }[];
  readonly next_cursor: string | null;
}

let bound: string;
const list = (path: string): Promise<Page> => done<Page>("GET", `/api/v1/${path}`, { authorization: bound });

const fromBase64Url = (text: string): string => atob(text.replaceAll("-", "+").replaceAll("_", "/"));
const toBase64Url = (text: string): string =>
  btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** All that can be read in a cursor without a key: what stands in it, and what stands in a part of that. */
function readableIn(cursor: string): string[] {
  const text = fromBase64Url(cursor);
  const parts = text.split(".").filter((part) => /^[\w-]+$/.test(part) && part.length % 4 !== 1);
  return [cursor, text, ...parts.map(fromBase64Url)];
}

const STEWARD = "ada@example.com";

beforeAll(async () => {
  const hidden: Workspace = await makeWorkspace("hidden");
  await makeWorkspace("mine");
  await env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     INSERT INTO agents (id, workspace_id, name, owner, created_at, tier, state_changed_at)
     SELECT printf('agt_%026d', i), ?2, printf('a-secret-%05d', i), ?3, i, 'standard', i FROM n`,
  )
    .bind(MOST_LOOKED_AT, hidden.id, STEWARD)
    .run();
  await env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     INSERT INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at, expires_at, last_used_at)
     SELECT printf('key_%026d', i), ?2, printf('digest %d', i), 'v', 'abcd', i, i, NULL FROM n`,
  )
    .bind(MOST_KEYS_LOOKED_AT, sampleId("agt", 1))
    .run();
  await registerAgent("mine", "zebra", { owner: STEWARD });
  bound = bearer(await operatorToken({ role: "operator", workspaces: ["mine"] }));
}, 60_000);

const LISTS = [
  "agents?all_workspaces=true",
  "agents?all_workspaces=true&sort=created",
  "agents?all_workspaces=true&sort=last_activity",
  `agents?all_workspaces=true&steward=${STEWARD}`,
  "keys?all_workspaces=true",
  "keys?all_workspaces=true&sort=expires",
  "keys?all_workspaces=true&sort=last_used",
] as const;

describe.each(LISTS)("the cursor of %s", (path) => {
  it("tells nothing of the agents and keys among which a page of a bound token ends (P11)", async () => {
    const { items, next_cursor: cursor } = await list(path);
    expect(items).toEqual([]);
    for (const text of readableIn(cursor ?? "")) expect(text).not.toMatch(/a-secret|agt_0000|key_0000/);
  });

  it("leads on to what the token sees", async () => {
    const { next_cursor: cursor } = await list(path);
    const { items, next_cursor: end } = await list(`${path}&cursor=${cursor}`);
    expect({ workspaces: items.map(({ workspace }) => workspace), end }).toEqual({
      workspaces: ["mine"],
      end: null,
    });
  });

  it("cannot be written by its reader, who would find what is hidden by beginning at places of their choice (P11)", async () => {
    const { next_cursor: cursor } = await list(path);
    const text = fromBase64Url(cursor ?? "");
    const [mark] = text.split("/");
    const id = sampleId(path.startsWith("agents") ? "agt" : "key", 7);
    for (const forged of [`${mark}/7/${id}`, `${mark}/a-secret-00007/${id}`, text.replace(/.$/, "!")]) {
      const answer = await send("GET", `/api/v1/${path}&cursor=${toBase64Url(forged)}`, {
        authorization: bound,
      });
      expect(expectProblem(answer, "invalid_request").errors?.map(({ member }) => member)).toEqual([
        "cursor",
      ]);
    }
  });
});

it("every cursor is as long as any other, because the length of a name tells of the name (P11)", async () => {
  for (const name of ["b", "b".repeat(63)]) await registerAgent("mine", name);
  const first = (await list("agents?workspace=mine&limit=1")).next_cursor ?? "";
  const second = (await list(`agents?workspace=mine&limit=1&cursor=${first}`)).next_cursor ?? "";
  const byAge = (await list("agents?workspace=mine&limit=1&sort=created")).next_cursor ?? "";
  expect([second.length, byAge.length]).toEqual([first.length, first.length]);
  expect(first.length).toBeLessThanOrEqual(512);
});
