/** Lists of agents by name, age and activity, searched by words of the name: pages neither skip nor repeat an agent. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type Agent } from "../../src/contract/agent.ts";
import { AGENT_SORTS } from "../../src/contract/agent-list.ts";
import { bearer, done, expectProblem, send } from "../security/calls.fixture.ts";
import { ADMIN, makeWorkspace, operatorToken, registerAgent } from "../security/installation.fixture.ts";

interface Page {
  readonly items: readonly Agent[];
  readonly next_cursor: string | null;
}

const list = (query: string, authorization = ADMIN): Promise<Page> =>
  done<Page>("GET", `/api/v1/agents?${query}`, { authorization });
const get = (query: string, authorization = ADMIN) =>
  send("GET", `/api/v1/agents?${query}`, { authorization });
const namesOf = ({ items }: Page): string[] => items.map(({ name }) => name);
const names = async (query: string, authorization = ADMIN): Promise<string[]> =>
  namesOf(await list(query, authorization));

/** Page by page. */
async function paged(query: string, limit: number): Promise<string[]> {
  const all: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: Page = await list(`${query}&limit=${limit}${cursor === "" ? "" : `&cursor=${cursor}`}`);
    all.push(...namesOf(page));
    cursor = page.next_cursor;
  }
  return all;
}

/** In the order in which they are made; when each acted last. */
const AGENTS: readonly (readonly [workspace: string, name: string, lastActive: number | null])[] = [
  ["default", "support-triage-eu", 3_000],
  ["support", "billing-bot", null],
  ["default", "zebra", null],
  ["default", "support-triage-us", 1_000],
  ["support", "triage", 2_000],
  ["default", "a-support", null],
  ["default", "a", 3_000],
];

beforeAll(async () => {
  for (const workspace of ["default", "support"]) await makeWorkspace(workspace);
  for (const [at, [workspace, name, lastActive]] of AGENTS.entries()) {
    const owner = at % 2 === 0 ? "ada@example.com" : "bob@example.com";
    const { id } = await registerAgent(workspace, name, { owner, labels: { team: "x" } });
    await env.DB.prepare("UPDATE agents SET last_active_at = ? WHERE id = ?").bind(lastActive, id).run();
  }
}, 60_000);

const HOME: Readonly<Record<string, readonly string[]>> = {
  name: ["a", "a-support", "support-triage-eu", "support-triage-us", "zebra"],
  created: ["support-triage-eu", "zebra", "support-triage-us", "a-support", "a"],
  last_activity: ["zebra", "a-support", "support-triage-us", "support-triage-eu", "a"],
};
const EVERYWHERE: typeof HOME = {
  name: ["a", "a-support", "billing-bot", "support-triage-eu", "support-triage-us", "triage", "zebra"],
  created: AGENTS.map(([, name]) => name),
  last_activity: [
    "billing-bot",
    "zebra",
    "a-support",
    "support-triage-us",
    "triage",
    "support-triage-eu",
    "a",
  ],
};

const ordered = (of: typeof HOME, sort: string): readonly string[] => {
  const forward = of[sort.replace("-", "")] ?? [];
  return sort.startsWith("-") ? forward.toReversed() : forward;
};

describe.each(AGENT_SORTS)("sorted by %s", (sort) => {
  it("has every agent once, in pages of any length, in one workspace and in all; who never acted is before all who did", async () => {
    for (const limit of [1, 2, 200]) {
      expect(await paged(`sort=${sort}`, limit)).toEqual(ordered(HOME, sort));
      expect(await paged(`sort=${sort}&all_workspaces=true`, limit)).toEqual(ordered(EVERYWHERE, sort));
    }
  });

  it("filters and searches keep the order", async () => {
    const steward = ordered(EVERYWHERE, sort).filter((name) =>
      AGENTS.some(([, of], at) => of === name && at % 2 === 0),
    );
    expect(await paged(`sort=${sort}&all_workspaces=true&steward=ada@example.com`, 2)).toEqual(steward);
    const found = ordered(HOME, sort).filter((name) => name.includes("triage"));
    expect(await paged(`sort=${sort}&search=tri&label=team=x`, 1)).toEqual(found);
  });
});

it("an agent that acts, or is registered, while somebody turns pages moves no other: none is missed or met twice", async () => {
  const first = await list("sort=-created&limit=2");
  await registerAgent("default", "newcomer");
  const second = await list(`sort=-created&limit=2&cursor=${first.next_cursor}`);
  expect([...namesOf(first), ...namesOf(second)]).toEqual(["a", "a-support", "support-triage-us", "zebra"]);
});

describe("a search", () => {
  it.each([
    ["triage", ["support-triage-eu", "support-triage-us", "triage"]],
    ["sup", ["a-support", "support-triage-eu", "support-triage-us"]],
    ["triage-e", ["support-triage-eu"]],
    ["support-triage-eu", ["support-triage-eu"]],
    ["Triage", ["support-triage-eu", "support-triage-us", "triage"]],
    ["tri us", ["support-triage-us"]],
    ["us tri", ["support-triage-us"]],
    ["riage", []],
    ["a", ["a", "a-support"]],
    ["zebra-", []],
    ["triagf", []],
  ])("for %s finds words of names by how they begin", async (search, found) => {
    expect(await names(`all_workspaces=true&search=${encodeURIComponent(search)}`)).toEqual(found);
  });

  it("keeps to what the token sees (P11)", async () => {
    const bound = bearer(await operatorToken({ role: "operator", workspaces: ["support"] }));
    expect(await names("all_workspaces=true&search=triage", bound)).toEqual(["triage"]);
    expect(await names("workspace=support&search=triage")).toEqual(["triage"]);
    const dev = bearer(await operatorToken({ role: "developer", subject: "bob@example.com" }));
    expect(await names("all_workspaces=true&search=support", dev)).toEqual([
      "a-support",
      "support-triage-us",
    ]);
  });
});

describe("a cursor", () => {
  const cursorOf = async (query: string): Promise<string> =>
    (await list(`${query}&limit=1`)).next_cursor ?? "";

  it.each([
    ["sort=name", "sort=-name"],
    ["sort=name", "sort=created"],
    ["sort=created", "sort=last_activity"],
    ["sort=last_activity", "sort=-last_activity"],
    ["sort=name", "sort=name&all_workspaces=true"],
    ["all_workspaces=true", "workspace=support"],
    ["workspace=support", "workspace=default"],
    ["search=support", "search=support tri"],
    ["search=support", "sort=name"],
    ["owner=ada@example.com", "sort=name"],
    ["sort=name", "state=provisioned"],
    ["label=team=x", "sort=name"],
  ])("of %s is refused with %s: it would miss agents in silence", async (of, to) => {
    const problem = expectProblem(await get(`${to}&cursor=${await cursorOf(of)}`), "invalid_request");
    expect(problem.errors?.map(({ member }) => member)).toEqual(["cursor"]);
    expect(problem.detail).toMatch(/another order, other filters or another workspace/);
  });

  it("is of the list, however it is asked for", async () => {
    const cursor = await cursorOf("label=team=x");
    expect(await names(`workspace=default&sort=name&label=team=x&limit=3&cursor=${cursor}`)).toEqual([
      "a-support",
      "support-triage-eu",
      "support-triage-us",
    ]);
  });

  it("that somebody has written is refused", async () => {
    const cursor = await cursorOf("sort=created");
    const text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    for (const forged of [
      `${text.slice(0, -1)}${text.endsWith("A") ? "B" : "A"}`,
      text.replace(/\.[^.]+\./, `.${"0".repeat(8)}.`),
      `${text} `,
      "a/b/c",
      "AAAAAAAAAAA/5/agt_00000000000000000000000001",
    ]) {
      const written = btoa(forged).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      const problem = expectProblem(await get(`sort=created&cursor=${written}`), "invalid_request");
      expect(problem.errors?.[0]?.member).toBe("cursor");
    }
  });
});

it("refuses an order that there is not, with the names of those that there are", async () => {
  const { errors } = expectProblem(await get("sort=size"), "invalid_request");
  for (const sort of AGENT_SORTS) expect(errors?.[0]?.detail).toContain(sort);
});
