/** The list of the keys of many agents: what is old, what ends, what nobody uses; and of whom a reader hears nothing. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { ListedApiKey } from "../../src/contract/key.ts";
import { bearer, done, expectProblem, send } from "../security/calls.fixture.ts";
import {
  ADMIN,
  command,
  issueKey,
  makeWorkspace,
  operatorToken,
  registerAgent,
  revokeKey,
  type TestAgent,
} from "../security/installation.fixture.ts";

interface Page {
  readonly items: readonly ListedApiKey[];
  readonly next_cursor: string | null;
}

const list = (query: string, authorization = ADMIN): Promise<Page> =>
  done<Page>("GET", `/api/v1/keys?${query}`, { authorization });

/** `workspace/agent:last4`; the keys that are planted have a last4 that says what they are. */
const said = ({ items }: Page): string[] =>
  items.map(({ workspace, agent_name: agent, last4 }) => `${workspace}/${agent}:${last4}`);

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
let planted = 0;

/** A key with the times of this test, as the registry has it. */
async function plant(
  agent: TestAgent,
  last4: string,
  times: { created: string; ends?: string; used?: string; revoked?: string },
): Promise<void> {
  planted += 1;
  const at = (text: string | undefined): number | null => (text === undefined ? null : day(text));
  await env.DB.prepare(
    `INSERT INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at, expires_at, last_used_at, revoked_at)
     VALUES (printf('key_%026d', ?), ?, ?, 'v', ?, ?, ?, ?, ?)`,
  )
    .bind(
      planted,
      agent.id,
      `planted ${planted}`,
      last4,
      ...[times.created, times.ends, times.used, times.revoked].map(at),
    )
    .run();
}

let triage: TestAgent;
let owned: TestAgent;
const dev = { role: "developer", subject: "dev@example.com" } as const;

beforeAll(async () => {
  for (const workspace of ["support", "billing", "quiet"]) await makeWorkspace(workspace);
  triage = await registerAgent("support", "triage", { labels: { team: "help" } });
  const books = await registerAgent("billing", "books");
  owned = await registerAgent("support", "owned", {}, bearer(await operatorToken(dev)));
  const gone = await registerAgent("billing", "gone");
  await plant(triage, "old1", { created: "2020-01-01", ends: "2030-06-01", used: "2026-11-01" });
  await plant(triage, "dead", { created: "2020-02-01", ends: "2030-01-01", revoked: "2020-03-01" });
  await plant(books, "old2", { created: "2020-01-02", ends: "2030-03-01" });
  await plant(owned, "old3", { created: "2020-01-03", used: "2020-05-01" });
  await plant(books, "over", { created: "2020-01-04", ends: "2021-01-01", used: "2020-12-01" });
  await plant(gone, "gone", { created: "2020-01-05", ends: "2030-01-01" });
  await command(gone, "revoke");
  await vi.waitFor(
    async () => {
      const { items } = await list("workspace=billing");
      if (!items.some(({ agent_state: state }) => state === "revoked")) throw new Error("not told yet");
    },
    { timeout: 15_000, interval: 50 },
  );
}, 30_000);

const OLD = "created_before=2025-01-01T00:00:00Z";

describe("the list of the keys of many agents", () => {
  it("has the oldest key first, over all workspaces, with whose it is", async () => {
    const page = await list(`all_workspaces=true&${OLD}`);
    expect(said(page)).toEqual([
      "support/triage:old1",
      "billing/books:old2",
      "support/owned:old3",
      "billing/books:over",
      "billing/gone:gone",
      "support/triage:dead",
    ]);
    expect(page.items[0]).toEqual({
      id: "key_00000000000000000000000001",
      agent: triage.id,
      agent_name: "triage",
      agent_state: "provisioned",
      workspace: "support",
      steward: "admin",
      last4: "old1",
      state: "live",
      created_at: "2020-01-01T00:00:00.000Z",
      expires_at: "2030-06-01T00:00:00.000Z",
      revoked_at: null,
      last_used_at: "2026-11-01T00:00:00.000Z",
    });
    expect(page.items.map(({ state }) => state)).toEqual([
      "live",
      "live",
      "live",
      "expired",
      "live",
      "revoked",
    ]);
  });

  it.each([
    ["expires", ["billing/books:over", "support/triage:dead", "billing/gone:gone", "billing/books:old2"]],
    ["-expires", ["support/owned:old3", "support/triage:old1", "billing/books:old2", "billing/gone:gone"]],
    ["-created", ["support/triage:dead", "billing/gone:gone", "billing/books:over", "support/owned:old3"]],
    ["-last_used", ["support/triage:old1", "billing/books:over", "support/owned:old3", "billing/gone:gone"]],
  ])(
    "sorts by %s; what has no end is last, what was never used counts as used before all else",
    async (sort, first) => {
      expect(said(await list(`all_workspaces=true&sort=${sort}&${OLD}`)).slice(0, 4)).toEqual(first);
    },
  );

  it("with live=true has keys only that open something: not those of a revoked agent", async () => {
    expect(said(await list(`all_workspaces=true&live=true&${OLD}`))).toEqual([
      "support/triage:old1",
      "billing/books:old2",
      "support/owned:old3",
    ]);
  });

  it("with expires_before has keys that end before, and none that never ends", async () => {
    const before = "expires_before=2030-04-01T00:00:00Z";
    expect(said(await list(`all_workspaces=true&live=true&${before}&${OLD}`))).toEqual([
      "billing/books:old2",
    ]);
  });

  it("is narrowed by label, owner and steward of the agent, and to one workspace", async () => {
    expect(said(await list(`workspace=support&label=team%3Dhelp&${OLD}`))).toEqual([
      "support/triage:old1",
      "support/triage:dead",
    ]);
    expect(said(await list(`all_workspaces=true&owner=dev@example.com&${OLD}`))).toEqual([
      "support/owned:old3",
    ]);
    expect(said(await list(`workspace=support&steward=dev@example.com&${OLD}`))).toEqual([
      "support/owned:old3",
    ]);
    expect(said(await list("workspace=quiet"))).toEqual([]);
  });

  it("refuses a label, an owner and a steward that name nothing, because none would read as nothing to do", async () => {
    for (const [member, value] of [
      ["label", "team=nobody"],
      ["owner", "nobody@example.com"],
      ["steward", "nobody@example.com"],
    ]) {
      const query = `/api/v1/keys?all_workspaces=true&${member}=${encodeURIComponent(value ?? "")}`;
      const problem = expectProblem(await send("GET", query, { authorization: ADMIN }), "unknown_reference");
      expect(problem.errors?.[0]?.member).toBe(member);
    }
  });

  it("knows a key that was issued and one that was revoked, once their agent has told the registry", async () => {
    const { api_key: key } = await issueKey(triage);
    await revokeKey(triage, key.id);
    await expect
      .poll(async () => (await list("workspace=support")).items.find(({ id }) => id === key.id)?.state, {
        timeout: 10_000,
      })
      .toBe("revoked");
  });

  it("goes on where the page before has ended, and refuses the cursor of a list with another order", async () => {
    const whole = said(await list("all_workspaces=true"));
    const paged: string[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const next: Page = await list(`all_workspaces=true&limit=1${cursor === "" ? "" : `&cursor=${cursor}`}`);
      paged.push(...said(next));
      cursor = next.next_cursor;
    }
    expect(paged).toEqual(whole);
    const { next_cursor: cursor } = await list("all_workspaces=true&limit=1");
    for (const other of [
      "all_workspaces=true&sort=expires",
      "workspace=support",
      `all_workspaces=true&${OLD}`,
    ])
      expectProblem(
        await send("GET", `/api/v1/keys?${other}&cursor=${cursor}`, { authorization: ADMIN }),
        "invalid_request",
      );
  });
});

describe("who reads it", () => {
  it("a developer sees the keys of agents alone that it answers for, wherever they are (P11)", async () => {
    const authorization = bearer(await operatorToken(dev));
    const page = await list("all_workspaces=true", authorization);
    expect([...new Set(page.items.map(({ agent }) => agent))]).toEqual([owned.id]);
    expect(said(await list(`workspace=support&steward=admin`, authorization))).toEqual([]);
    expect(said(await list("workspace=billing", authorization))).toEqual([]);
  });

  it("a developer learns of no owner, steward or label beyond its own agents (P11)", async () => {
    const authorization = bearer(await operatorToken(dev));
    const theirs = await send("GET", "/api/v1/keys?workspace=support&label=team%3Dhelp", { authorization });
    const nobodys = await send("GET", "/api/v1/keys?workspace=support&label=team%3Dnone", { authorization });
    const [known, unknown] = [theirs, nobodys].map((answer) => expectProblem(answer, "unknown_reference"));
    expect(known?.detail.replace("team=help", "…")).toBe(unknown?.detail.replace("team=none", "…"));
  });

  it("a token that is bound to workspaces sees these alone (P11)", async () => {
    const bound = bearer(await operatorToken({ role: "auditor", workspaces: ["billing"] }));
    const places = (await list("all_workspaces=true", bound)).items.map(({ workspace }) => workspace);
    expect([...new Set(places)]).toEqual(["billing"]);
    expectProblem(await send("GET", "/api/v1/keys?workspace=support", { authorization: bound }), "not_found");
  });

  it("nobody sees a digest or a secret in it (P4)", async () => {
    const { text } = await send("GET", "/api/v1/keys?all_workspaces=true", { authorization: ADMIN });
    expect(text).not.toMatch(/dome_at_|planted|digest/);
  });
});
