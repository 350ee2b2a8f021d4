/** `dome audit chain` and `dome agents tree`. */
import { describe, expect, test } from "vitest";
import { entry, exchanged, IDS } from "../audit/transaction.fixture.ts";
import { json, problem, refusalOf } from "../client/fake-service.ts";
import { agent, workspace } from "../client/samples.ts";
import { dome, SERVICE_URL, TOKEN } from "./run-cli.ts";

const { A, B, TXN, token } = IDS;

describe("dome audit chain", () => {
  const entries = [
    exchanged(1, { agent: A, jti: token(1), subject: null, user: true }),
    entry(2, "decision", {
      agent: A,
      action: "tool:use",
      decision: "deny",
      reason: "surface_undeclared",
      decision_id: IDS.decision(2),
      target: { type: "tool", id: "jira\u001b[2J" },
      data: { credential: "token", credential_id: token(1) },
    }),
    exchanged(3, { agent: B, jti: token(2), subject: token(1), user: true }),
    entry(4, "token.exchange_refused", { agent: A, reason: "actor_loop", data: { subject_jti: token(2) } }),
    entry(5, "transaction.stopped", {
      operator: { subject: "ada@example.com", token: "opt_1" },
      reason: "leak",
    }),
    entry(6, "sdk.error", {
      agent: A,
      decision_id: IDS.decision(2),
      data: { self_reported: true, event: { error: "Timeout", detail: "no answer\u001b[2J" } },
    }),
  ].map((each) => ({
    ...each,
    names: { [A]: "triage", usr_uuuuuuuuuuuuuuuuuuuuuuuuuu: "alice@example.com" },
  }));

  test("pages through the transaction, oldest first, and shows the tree, what was denied included", async () => {
    const { exit, stdout, requests } = await dome(["audit", "chain", TXN, "--workspace", "support"], {
      replies: [
        json(200, { items: entries.slice(0, 2), next_cursor: "c" }),
        json(200, { items: entries.slice(2), next_cursor: null }),
      ],
    });
    expect(exit).toBe(0);
    expect(requests).toEqual([
      `GET /api/v1/audit?txn=${TXN}&workspace=support&order=oldest&limit=200`,
      `GET /api/v1/audit?txn=${TXN}&workspace=support&order=oldest&limit=200&cursor=c`,
    ]);
    expect(stdout).toBe(`user alice@example.com
├─ 2026-11-23 09:00:01 UTC  agent triage  token ${token(1)}  scope tool:crm (of surface)  for https://dome.example  because of delegates_to
│  ├─ 2026-11-23 09:00:02 UTC  deny  agent triage  tool:use  jira\\u001b[2J  surface_undeclared  ${IDS.decision(2)}
│  │  └─ 2026-11-23 09:00:06 UTC  sdk.error (self-reported)  agent triage  Timeout  no answer\\u001b[2J
│  └─ 2026-11-23 09:00:03 UTC  agent ${B}  token ${token(2)}  scope tool:crm (of surface)  for https://dome.example  because of delegates_to
│     └─ 2026-11-23 09:00:04 UTC  refused  exchange  agent triage  actor_loop
└─ 2026-11-23 09:00:05 UTC  transaction.stopped  ada@example.com  leak
`);
  });

  test("--json is the records as a list, --quiet their ids", async () => {
    const replies = [json(200, { items: entries, next_cursor: null })];
    const asJson = await dome(["audit", "chain", TXN, "--json"], { replies });
    expect(JSON.parse(asJson.stdout)).toEqual(entries);
    const quiet = await dome(["audit", "chain", TXN, "--quiet"], { replies });
    expect(quiet.stdout).toBe(entries.map(({ id }) => `${id}\n`).join(""));
  });

  test("says when nothing is recorded, and takes no other id", async () => {
    const none = await dome(["audit", "chain", TXN], {
      replies: [json(200, { items: [], next_cursor: null })],
    });
    expect(none).toMatchObject({ exit: 1, stdout: "" });
    expect(none.stderr).toContain(`next: dome audit chain ${TXN} -A\n`);
    expect(await dome(["audit", "chain", "dec_1"])).toMatchObject({ exit: 2, requests: [] });
  });

  describe("-A", () => {
    const workspaces = json(200, { items: [workspace("support"), workspace("billing")], next_cursor: null });
    const unknown = refusalOf(400, "unknown_reference", "txn");
    const words = ["audit", "chain", TXN, "-A"];
    const env = { DOME_URL: SERVICE_URL, DOME_TOKEN: TOKEN, DOME_WORKSPACE: "billing" };

    test("finds the transaction in whichever workspace recorded it, whatever workspace is chosen", async () => {
      const records = json(200, { items: entries, next_cursor: null });
      const { exit, stdout, requests } = await dome([...words, "--quiet"], {
        env,
        replies: [workspaces, records, unknown],
      });
      expect(exit).toBe(0);
      expect(stdout).toBe(entries.map(({ id }) => `${id}\n`).join(""));
      expect(requests.slice(1)).toEqual([
        `GET /api/v1/audit?txn=${TXN}&workspace=support&order=oldest&limit=200`,
        `GET /api/v1/audit?txn=${TXN}&workspace=billing&order=oldest&limit=200`,
      ]);
    });

    test("says when none of them recorded it", async () => {
      const none = await dome(words, { env, replies: [workspaces, unknown, unknown] });
      expect(none).toMatchObject({ exit: 1, stdout: "" });
      expect(none.stderr).toBe(
        `error: no workspace that you may see has recorded anything of ${TXN}\nnext: dome audit list -A\n`,
      );
    });

    test("is the next command where one workspace has not recorded it", async () => {
      const { stderr } = await dome(["audit", "chain", TXN], { env, replies: [unknown] });
      expect(stderr).toContain(`next: dome audit chain ${TXN} -A\n`);
    });
  });
});

describe("dome agents tree", () => {
  const id = (letter: string) => `agt_${letter.padStart(26, "0")}` as const;
  const named = (letter: string, parent: string | null, over = {}) =>
    agent({
      id: id(letter),
      name: `agent-${letter}`,
      parent: parent === null ? null : id(parent),
      state: "active",
      ...over,
    });
  const all = [
    named("c", "b", { state: "suspended" }),
    named("d", "a"),
    named("b", "a"),
    named("a", null),
    named("x", "e", { state: "provisioned" }),
  ];
  const page = json(200, { items: all, next_cursor: null });

  test("shows each agent under its parent, with its state; one whose parent is not seen at the margin", async () => {
    const { exit, stdout, requests } = await dome(["agents", "tree"], { replies: [page] });
    expect({ exit, requests }).toEqual({ exit: 0, requests: ["GET /api/v1/agents?limit=200"] });
    expect(stdout).toBe(`agent-a  active  standard  ${id("a")}
├─ agent-b  active  standard  ${id("b")}
│  └─ agent-c  suspended  standard  ${id("c")}
└─ agent-d  active  standard  ${id("d")}
agent-x  provisioned  standard  ${id("x")}
`);
  });

  test("with a name shows that agent and what is below it, in its own workspace", async () => {
    const { stdout, requests } = await dome(["agents", "tree", "agent-b"], {
      replies: [json(200, named("b", "a")), page],
    });
    expect(requests).toEqual([
      "GET /api/v1/agents/agent-b",
      "GET /api/v1/agents?workspace=default&limit=200",
    ]);
    expect(stdout).toBe(`agent-b  active  standard  ${id("b")}
└─ agent-c  suspended  standard  ${id("c")}
`);
  });

  test("--json is a list, each behind its parent", async () => {
    const { stdout } = await dome(["agents", "tree", "--json"], { replies: [page] });
    const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(["agent-a", "agent-b", "agent-c", "agent-d", "agent-x"]);
  });

  test("an agent that is not there is what it is for every command", async () => {
    const { exit, stderr } = await dome(["agents", "tree", "nobody"], {
      replies: [problem(404, "not_found")],
    });
    expect(exit).toBe(1);
    expect(stderr).toContain("next: dome agents list\n");
  });
});
