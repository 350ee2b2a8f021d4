import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { json } from "../client/fake-service.ts";
import { agent, AGENT_ID, KEY_ID, WORKSPACE_ID } from "../client/samples.ts";
import { dome, newHome } from "./run-cli.ts";

const bodyOf = ({ service }: Awaited<ReturnType<typeof dome>>, at: number): unknown =>
  JSON.parse(service.seen[at]?.body ?? "null");

describe("dome agents update", () => {
  const current = agent({
    surface: { tools: ["zendesk", "jira"], pools: ["premium-reasoning"], integrations: [] },
    labels: { team: "x", old: "y" },
    record_version: 7,
  });
  const updated = json(200, { agent: current, warnings: [] });

  test("changes lists item by item, on the version it has read, and leaves the rest alone", async () => {
    const outcome = await dome(
      [
        "agents",
        "update",
        "a",
        "--add-tool",
        "slack",
        "--add-tool",
        "jira",
        "--remove-tool",
        "zendesk",
        "--add-pool",
        "cheap",
      ],
      { replies: [json(200, current), updated] },
    );
    expect(outcome.requests).toEqual(["GET /api/v1/agents/a", "PATCH /api/v1/agents/a"]);
    expect(bodyOf(outcome, 1)).toEqual({
      surface: { tools: ["jira", "slack"], pools: ["premium-reasoning", "cheap"], integrations: [] },
    });
    expect(outcome.service.seen[1]?.headers.get("if-match")).toBe('"7"');
  });

  test("sets and removes labels and delegates", async () => {
    const words = [
      "--label",
      "team=z",
      "--label",
      "new=1",
      "--remove-label",
      "old",
      "--add-delegate",
      "helper",
    ];
    const outcome = await dome(["agents", "update", "a", ...words], {
      replies: [json(200, current), updated],
    });
    expect(bodyOf(outcome, 1)).toEqual({ labels: { team: "z", new: "1" }, delegates_to: ["helper"] });
  });

  test("needs no reading for plain members, and empties them with --clear", async () => {
    const outcome = await dome(
      [
        "agents",
        "update",
        "a",
        "--tier",
        "trusted",
        "--expires",
        "30d",
        "--clear",
        "contact",
        "--clear",
        "require-actas",
      ],
      { replies: [updated] },
    );
    expect(outcome.requests).toEqual(["PATCH /api/v1/agents/a"]);
    expect(bodyOf(outcome, 0)).toEqual({
      tier: "trusted",
      expires_at: "2026-12-23T09:00:00.000Z",
      contact: null,
      require_actas: null,
    });
    expect(outcome.service.seen[0]?.headers.has("if-match")).toBe(false);
  });
});

describe("the catalog", () => {
  const entry = {
    name: "zendesk",
    workspace_id: WORKSPACE_ID,
    description: null,
    created_at: "2026-11-23T09:00:00.000Z",
    version: 3,
  };
  const tool = {
    id: "tol_01k9v3m8q2x7n5r4t6w0y1z2a3",
    ...entry,
    kind: "local",
    operations: ["create"],
    clear_arguments: false,
    argument_schemas: null,
  };
  const pool = { id: "pol_01k9v3m8q2x7n5r4t6w0y1z2a3", ...entry, models: null };
  const integration = { id: "int_01k9v3m8q2x7n5r4t6w0y1z2a3", ...entry };

  test("takes tools, pools and integrations", async () => {
    const added = await dome(
      ["tools", "add", "zendesk", "--operation", "create", "--clear-arguments", "--workspace", "support"],
      {
        replies: [json(201, tool)],
      },
    );
    expect(bodyOf(added, 0)).toEqual({
      name: "zendesk",
      workspace: "support",
      kind: "local",
      operations: ["create"],
      clear_arguments: true,
      argument_schemas: null,
      description: null,
    });
    expect(added.stdout).toBe(`name         zendesk
kind         local
operations   create
arguments    recorded as a digest
schemas      none
description  -
id           tol_01k9v3m8q2x7n5r4t6w0y1z2a3
`);
    const addedPool = await dome(["pools", "add", "zendesk", "--model", "m1", "--model", "m2"], {
      replies: [json(201, pool)],
    });
    expect(bodyOf(addedPool, 0)).toEqual({ name: "zendesk", models: ["m1", "m2"], description: null });
    const addedIntegration = await dome(["integrations", "add", "zendesk", "--description", "d"], {
      replies: [json(201, integration)],
    });
    expect(bodyOf(addedIntegration, 0)).toEqual({ name: "zendesk", description: "d" });
  });

  describe("with schemas from files", () => {
    const fileOf = (text: string): string => {
      const file = join(newHome(), "schema.json");
      writeFileSync(file, text);
      return file;
    };
    const SCHEMA = { type: "object", required: ["title"] };

    test("adds them by operation", async () => {
      const file = fileOf(JSON.stringify(SCHEMA));
      const words = ["--operation", "create", "--schema", `create=${file}`];
      const reply = json(201, { ...tool, argument_schemas: { create: SCHEMA } });
      const added = await dome(["tools", "add", "zendesk", ...words], { replies: [reply] });
      expect(bodyOf(added, 0)).toMatchObject({
        operations: ["create"],
        argument_schemas: { create: SCHEMA },
      });
      expect(added.stdout).toContain("schemas      create\n");
    });

    test.each<[string[], string[], object | null]>([
      [["--schema", "create=FILE"], ["close", "create"], { close: {}, create: SCHEMA }],
      [["--schema", "close=FILE"], ["close"], { close: SCHEMA }],
      [["--no-schema", "close"], ["close", "create"], { create: {} }],
      [["--no-schema", "close"], ["close"], null],
      [["--schema", "create=FILE", "--no-schema", "close"], ["close"], { create: SCHEMA }],
    ])("changes some with %j of %j, and leaves the others", async (words, present, expected) => {
      const file = fileOf(JSON.stringify(SCHEMA));
      const schemas = Object.fromEntries(present.map((operation) => [operation, {}]));
      const updated = await dome(
        ["tools", "update", "zendesk", ...words.map((word) => word.replace("FILE", file))],
        { replies: [json(200, { ...tool, argument_schemas: schemas }), json(200, tool)] },
      );
      expect(updated.requests).toEqual(["GET /api/v1/tools/zendesk", "PATCH /api/v1/tools/zendesk"]);
      expect(bodyOf(updated, 1)).toEqual({ argument_schemas: expected });
    });

    test.each([
      ["create", "OPERATION=FILE"],
      [`create=${fileOf.name}-that-is-not-there`, "cannot be read (ENOENT)"],
    ])("refuses %s before it asks anything", async (word, message) => {
      const refused = await dome(["tools", "update", "zendesk", "--schema", word]);
      expect([refused.exit, refused.requests]).toEqual([2, []]);
      expect(refused.stderr).toContain(message);
    });

    test.each([
      ["{", "is not JSON"],
      ["[]", "must be an object"],
    ])("refuses a file with %s", async (text, message) => {
      const refused = await dome(["tools", "add", "zendesk", "--schema", `create=${fileOf(text)}`]);
      expect([refused.exit, refused.requests]).toEqual([2, []]);
      expect(refused.stderr).toContain(message);
    });
  });

  test("is listed as a table", async () => {
    const { stdout, requests } = await dome(["tools", "list", "--workspace", "support"], {
      replies: [json(200, { items: [tool], next_cursor: null })],
    });
    expect(requests).toEqual(["GET /api/v1/tools?workspace=support&limit=200"]);
    expect(stdout).toBe(
      "NAME     KIND   OPERATIONS  ARGUMENTS             SCHEMAS  DESCRIPTION  ID\n" +
        "zendesk  local  create      recorded as a digest  none     -            tol_01k9v3m8q2x7n5r4t6w0y1z2a3\n",
    );
    const pools = await dome(["pools", "show", "zendesk"], { replies: [json(200, pool)] });
    expect(pools.requests).toEqual(["GET /api/v1/pools/zendesk"]);
    expect(pools.stdout).toContain("models       any\n");
  });
});

describe("dome audit list", () => {
  const OTHER_AGENT_ID = "agt_01k9v3m8q2x7n5r4t6w0y1z2b3";
  const HASH = "0".repeat(64);
  const entry = {
    id: "evt_01k9v3m8q2x7n5r4t6w0y1z2a3",
    producer: AGENT_ID,
    n: 1,
    time: "2026-11-23T09:00:00.000Z",
    workspace: WORKSPACE_ID,
    kind: "agent.suspended",
    operator: { subject: "ada@example.com", token: "opt_1" },
    agent: AGENT_ID,
    target: { type: "agent", id: AGENT_ID },
    seq: 3,
    hash: HASH,
    names: { [AGENT_ID]: "support-triage" },
  };
  const user = "usr_mzxw6ytboi2dknrvgaztcmjqgy";
  const decision = {
    ...entry,
    id: "evt_01k9v3m8q2x7n5r4t6w0y1z2a4",
    n: 2,
    kind: "decision",
    operator: undefined,
    target: { type: "tool", id: "zendesk/create_ticket" },
    decision: "deny",
    reason: "actas_required",
    chain: [
      { agent: OTHER_AGENT_ID, key: KEY_ID },
      { agent: AGENT_ID, key: KEY_ID },
    ],
    user: { id: user },
    names: { [AGENT_ID]: "support-triage", [user]: "alice@example.com" },
    seq: 2,
  };
  test.each([
    ["MCP /initialize", "the client begins a session"],
    ["MCP /notifications/cancelled", "the client cancels a request"],
    ["MCP /resources/read", undefined],
    ["create_ticket", undefined],
  ])("has a record say in words what passes in a session beside requests: %s", async (operation, words) => {
    const record = { ...decision, kind: "call.notice", target: { type: "tool", id: `zendesk/${operation}` } };
    const { stdout } = await dome(["audit", "show", decision.id], { replies: [json(200, record)] });
    expect(/^message:? +(.*)$/m.exec(stdout)?.[1]).toBe(words);
    expect(stdout).toContain(`zendesk/${operation}`);
  });

  const erased = { ...entry, operator: { subject: { sha256: HASH }, token: "opt_1" }, seq: 1 };

  test("shows who did what for whom, by names, and an id where there is none", async () => {
    const { stdout, requests } = await dome(["audit", "list"], {
      replies: [json(200, { items: [entry, decision, erased], next_cursor: null })],
    });
    expect(requests).toEqual(["GET /api/v1/audit?order=newest&limit=50"]);
    expect(stdout.split("\n")).toEqual([
      "TIME  SEQ  KIND             OPERATOR         AGENT                                              USER               WHAT                   DECISION  OUTCOME  REASON          ID",
      "now   3    agent.suspended  ada@example.com  support-triage                                     -                  support-triage         -         -        -               evt_01k9v3m8q2x7n5r4t6w0y1z2a3",
      "now   2    decision         -                agt_01k9v3m8q2x7n5r4t6w0y1z2b3 for support-triage  alice@example.com  zendesk/create_ticket  deny      -        actas_required  evt_01k9v3m8q2x7n5r4t6w0y1z2a4",
      "now   1    agent.suspended  (erased)         support-triage                                     -                  support-triage         -         -        -               evt_01k9v3m8q2x7n5r4t6w0y1z2a3",
      "",
    ]);
  });

  test("passes every filter on, with times resolved", async () => {
    const words = (
      `--workspace support --agent support-triage --actor ${AGENT_ID} --kind agent.* --tool zendesk --decision deny ` +
      "--reason actas_required --operator ada --request-id req_1 --txn txn_1 --since 1h --until 2026-11-23 " +
      "--order oldest --limit 300"
    ).split(" ");
    const { requests } = await dome(["audit", "list", ...words], {
      replies: [json(200, { items: [], next_cursor: null })],
    });
    const [list = ""] = requests;
    expect(Object.fromEntries(new URL(list.slice(4), "http://x").searchParams)).toEqual({
      workspace: "support",
      agent: "support-triage",
      actor: AGENT_ID,
      kind: "agent.*",
      tool: "zendesk",
      decision: "deny",
      reason: "actas_required",
      operator: "ada",
      request_id: "req_1",
      txn: "txn_1",
      since: "2026-11-23T08:00:00.000Z",
      until: "2026-11-23T00:00:00.000Z",
      order: "oldest",
      limit: "200",
    });
  });
});

test("tiers and workspaces are listed and shown", async () => {
  const tier = {
    name: "standard",
    description: "Most agents.",
    built_in: true,
    self_service: true,
    token_ttl_seconds: 300,
    max_chain_depth: 4,
    max_batch: 100,
    max_key_days: 365,
    max_body_bytes: 65_536,
    max_act_body_bytes: 1_048_576,
    max_act_seconds: 60,
    max_session_seconds: 3600,
    freshness: "leased",
    rate: "normal",
    calls_per_minute: 600,
    open_calls: null,
    lapse_after_days: null,
    trust: 50,
    audit: "before_release",
    version: 1,
  };
  const tiers = await dome(["tiers", "list"], { replies: [json(200, { items: [tier], next_cursor: null })] });
  expect(tiers.stdout).toBe(
    "NAME      TOKEN LIFE  CHAIN DEPTH  TRUST  CALLS         OPEN CALLS  FRESHNESS  SELF-SERVICE  DESCRIPTION\n" +
      "standard  300 s       4            50     600 a minute  no bound    leased     yes           Most agents.\n",
  );
  const shown = await dome(["tiers", "show", "standard"], { replies: [json(200, tier)] });
  expect(shown.stdout).toContain("body          65536 bytes\n");
  const workspace = {
    id: WORKSPACE_ID,
    name: "support",
    description: null,
    created_at: "2026-11-23T09:00:00.000Z",
    config_epoch: 1,
    halted: false,
  };
  const created = await dome(["workspaces", "create", "support"], { replies: [json(201, workspace)] });
  expect(bodyOf(created, 0)).toEqual({ name: "support", description: null });
  const listed = await dome(["workspaces", "list", "--quiet"], {
    replies: [json(200, { items: [workspace], next_cursor: null })],
  });
  expect(listed.stdout).toBe(`${WORKSPACE_ID}\n`);
  const one = await dome(["workspaces", "show", "support"], { replies: [json(200, workspace)] });
  expect(one.requests).toEqual(["GET /api/v1/workspaces/support"]);
});
