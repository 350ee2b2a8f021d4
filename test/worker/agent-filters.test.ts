/** Filters of the list of agents that name nothing are refused; those that name something and meet nothing are not. */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { MOST_LOOKED_AT } from "../../src/registry/agent-list.ts";
import { bearer, done, expectProblem, send } from "../security/calls.fixture.ts";
import { ADMIN, makeWorkspace, operatorToken, registerAgent } from "../security/installation.fixture.ts";

const get = (query: string, authorization = ADMIN) =>
  send("GET", `/api/v1/agents?${query}`, { authorization });

beforeAll(async () => {
  for (const workspace of ["default", "support"]) await makeWorkspace(workspace);
  await done("POST", "/api/v1/tools", { authorization: ADMIN, body: { name: "crm" } });
  const labels = { team: "x" };
  await registerAgent("default", "triage", {
    owner: "ada@example.com",
    labels,
    surface: { tools: ["jira"] },
  });
  await registerAgent("support", "helper", { owner: "bob@example.com" });
}, 30_000);

it.each([
  ["owner=nobody@example.com", "owner"],
  ["steward=nobody@example.com&all_workspaces=true", "steward"],
  ["tier=bogus", "tier"],
  ["tool=zendesk", "tool"],
  ["label=team=y", "label"],
  ["owner=ada@example.com&label=squad=x", "label"],
])("%s names nothing: %s is refused by its name", async (query, member) => {
  const said = expectProblem(await get(query), "unknown_reference");
  expect(said.errors?.map((each) => each.member)).toEqual([member]);
});

it.each([
  "tier=trusted",
  "tool=crm",
  "tool=jira&tier=restricted",
  "state=revoked",
  "label=team=x&state=revoked",
])("%s names something, and meets none: that is an empty list", async (query) => {
  expect(await done("GET", `/api/v1/agents?${query}`, { authorization: ADMIN })).toEqual({
    items: [],
    next_cursor: null,
  });
});

it("refuses no filter before so many agents were looked at that it names nothing: a page goes on, and looks at no more", async () => {
  const { id } = await makeWorkspace("many");
  await env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     INSERT INTO agents (id, workspace_id, name, owner, created_at, tier, state_changed_at)
     SELECT printf('agt_%026d', i), ?2, printf('bot-%05d', i), 'bot@example.com', i, 'standard', i FROM n`,
  )
    .bind(MOST_LOOKED_AT, id)
    .run();
  for (const filter of ["label=team=y", "tool=zendesk"]) {
    const page = await done<{ items: object[]; next_cursor: string | null }>(
      "GET",
      `/api/v1/agents?workspace=many&${filter}`,
      { authorization: ADMIN },
    );
    expect(page.items).toEqual([]);
    const end = await done("GET", `/api/v1/agents?workspace=many&${filter}&cursor=${page.next_cursor}`, {
      authorization: ADMIN,
    });
    expect(end).toEqual({ items: [], next_cursor: null });
  }
});

it("refuses an owner of another workspace as one that nobody is, to who is bound to one (P11)", async () => {
  const bound = bearer(await operatorToken({ role: "operator", workspaces: ["default"] }));
  const [elsewhere, nobody] = [
    await get("owner=bob@example.com", bound),
    await get("owner=no@example.com", bound),
  ];
  expect(expectProblem(elsewhere, "unknown_reference").detail).toBe(
    expectProblem(nobody, "unknown_reference").detail,
  );
});
