/** The list of agents over all workspaces: what the token sees, in pages that neither skip nor repeat. */
import { beforeAll, expect, it } from "vitest";
import { bearer, done, expectProblem, send } from "../security/calls.fixture.ts";
import { ADMIN, makeWorkspace, operatorToken, registerAgent } from "../security/installation.fixture.ts";

interface Page {
  readonly items: readonly { readonly name: string; readonly workspace: string; readonly owner: string }[];
  readonly next_cursor: string | null;
}

const list = (query: string, authorization = ADMIN): Promise<Page> =>
  done<Page>("GET", `/api/v1/agents?${query}`, { authorization });
const namesOf = ({ items }: Page): string[] => items.map(({ workspace, name }) => `${workspace}/${name}`);

beforeAll(async () => {
  for (const workspace of ["default", "support", "billing"]) {
    await makeWorkspace(workspace);
    for (const name of ["triage", "zebra"]) await registerAgent(workspace, name);
  }
}, 30_000);

it("shows agents of every workspace, and pages go on where the last one ended, also within a workspace", async () => {
  const whole = namesOf(await list("all_workspaces=true"));
  expect(whole.toSorted()).toEqual(
    ["billing", "default", "support"].flatMap((workspace) => [`${workspace}/triage`, `${workspace}/zebra`]),
  );
  const paged: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const next: Page = await list(`all_workspaces=true&limit=1${cursor === "" ? "" : `&cursor=${cursor}`}`);
    paged.push(...namesOf(next));
    cursor = next.next_cursor;
  }
  expect(paged).toEqual(whole);
});

it("shows a token that is bound to workspaces these alone (P11)", async () => {
  const bound = bearer(await operatorToken({ role: "operator", workspaces: ["support"] }));
  expect(namesOf(await list("all_workspaces=true", bound))).toEqual(["support/triage", "support/zebra"]);
});

it("shows a developer its own agents alone, wherever they are", async () => {
  const dev = bearer(await operatorToken({ role: "developer", subject: "dev@example.com" }));
  await done("POST", "/api/v1/agents", { authorization: dev, body: { name: "mine", workspace: "billing" } });
  expect(namesOf(await list("all_workspaces=true", dev))).toEqual(["billing/mine"]);
});

it("refuses a workspace beside all of them, and a cursor of another list", async () => {
  const get = (query: string) => send("GET", `/api/v1/agents?${query}`, { authorization: ADMIN });
  expect(
    expectProblem(await get("all_workspaces=true&workspace=support"), "invalid_request").errors?.[0]?.member,
  ).toBe("workspace");
  const { next_cursor: cursor } = await list("workspace=support&limit=1");
  expect(
    expectProblem(await get(`all_workspaces=true&cursor=${cursor}`), "invalid_request").errors?.[0]?.member,
  ).toBe("cursor");
});
