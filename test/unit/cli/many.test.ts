import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hangUp, json, problem, type Reply } from "../client/fake-service.ts";
import { agent, AGENT_ID, apiKey, halt, KEY_ID, SECRET, transition } from "../client/samples.ts";
import { dome, newHome } from "./run-cli.ts";

const OTHER_ID = "agt_01k9v3m8q2x7n5r4t6w0y1z2a9";
const KEY_2 = "key_01k9v3m8q2x7n5r4t6w0y1z2a7";
const page = (...items: object[]) => json(200, { items, next_cursor: null });

/** Answers by what is asked, in whichever order. */
const service =
  (answers: Readonly<Record<string, Response>>): Reply =>
  ({ method, url }) => {
    const asked = `${method} ${new URL(url).pathname}`;
    const [, answer = problem(500, "internal")] =
      Object.entries(answers).find(([key]) => asked === key) ?? [];
    return answer;
  };

describe.each(["activate", "resume"] as const)("dome agents %s of several", (word) => {
  const state = word === "activate" ? "provisioned" : "suspended";
  const alpha = agent({ name: "alpha", state });
  const beta = agent({ id: OTHER_ID, name: "beta", state });
  const running = agent({ id: "agt_01k9v3m8q2x7n5r4t6w0y1z2a8", name: "gamma", state: "active" });
  const revoked = agent({ id: "agt_01k9v3m8q2x7n5r4t6w0y1z2a7", name: "delta", state: "revoked" });
  const done = transition({ state: "active", halt: null, effective_in_ms: 0 });
  const world = (more: Readonly<Record<string, Response>> = {}) => ({
    replies: [
      service({
        "GET /api/v1/agents": page(alpha, beta, running, revoked),
        [`POST /api/v1/agents/${AGENT_ID}/${word}`]: json(200, done),
        [`POST /api/v1/agents/${OTHER_ID}/${word}`]: json(200, { ...done, agent: OTHER_ID }),
        ...more,
      }),
    ],
  });

  test("means those that are chosen and can be, and waits once until no isolate keeps the old state", async () => {
    const {
      exit,
      stdout,
      requests,
      service: seen,
    } = await dome(["agents", word, "-l", "team=a", "-l", "env=b", "--yes"], world());
    expect(exit).toBe(0);
    expect(requests).toEqual([
      "GET /api/v1/agents?label=team%3Da&label=env%3Db&limit=200",
      `POST /api/v1/agents/${AGENT_ID}/${word}`,
      `POST /api/v1/agents/${OTHER_ID}/${word}`,
    ]);
    expect(seen.slept).toEqual([300]);
    expect(stdout).toMatch(/^alpha {2}active/m);
  });

  test("with -A means those of every workspace, in one command", async () => {
    const { exit, requests } = await dome(["agents", word, "-l", "team=a", "-A", "--yes"], world());
    expect(exit).toBe(0);
    expect(requests[0]).toBe("GET /api/v1/agents?all_workspaces=true&label=team%3Da&limit=200");
    expect(requests).toHaveLength(3);
  });

  test("takes -A with a choice alone: a name is one of a workspace", async () => {
    const { exit, stderr, requests } = await dome(["agents", word, "alpha", "-A", "--yes"], world());
    expect(exit).toBe(2);
    expect(stderr).toContain("--all-workspaces goes with --label, --steward or --owner");
    expect(requests).toEqual([]);
  });

  test("with --dry-run shows them, and changes nothing", async () => {
    const { exit, stdout, stderr, requests } = await dome(
      ["agents", word, "--owner", "x", "--dry-run"],
      world(),
    );
    expect([exit, requests]).toEqual([0, ["GET /api/v1/agents?owner=x&limit=200"]]);
    expect(stdout).toContain("beta");
    expect(stdout).not.toContain("gamma");
    expect(stderr).toContain("this was a dry run");
  });

  test("asks first, and takes no other answer than their number", async () => {
    const asked = await dome(["agents", word, "--owner", "x"], { ...world(), typed: "3" });
    expect([asked.exit, asked.requests.length, asked.questions.length]).toEqual([1, 1, 1]);
    const quiet = await dome(["agents", word, "--owner", "x", "--workspace", "w", "-c", "none"], world());
    expect(quiet.exit).not.toBe(0);
  });

  test("repeats what it was given as one word of a shell, where nobody could be meant", async () => {
    const { stderr } = await dome(["agents", word, "--owner", "bob's; rm -rf ~"], { replies: [page()] });
    expect(stderr).toContain(String.raw`next: dome agents list --owner 'bob'\''s; rm -rf ~'` + "\n");
  });

  test("goes on when one fails, and says which", async () => {
    const failing = { [`POST /api/v1/agents/${AGENT_ID}/${word}`]: problem(409, "agent_lost") };
    const { exit, stdout, stderr } = await dome(["agents", word, "--owner", "x", "--yes"], world(failing));
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^beta {3}active/m);
    expect(stderr).toContain("error: alpha: what is wrong: agent_lost (agent_lost)\n");
  });
});

describe("dome keys rotate", () => {
  const alpha = agent({ name: "alpha", state: "active" });
  const world = {
    replies: [
      service({
        "GET /api/v1/agents": page(alpha),
        [`GET /api/v1/agents/${AGENT_ID}/keys`]: page(apiKey()),
        [`POST /api/v1/agents/${AGENT_ID}/keys`]: json(201, {
          api_key: { id: KEY_2, secret: SECRET, expires_at: null },
          secret_shown: false,
          replaced: { id: KEY_ID, ends_at: "2026-11-24T09:00:00.000Z", halt: null },
        }),
      }),
    ],
  };

  test("of several writes each key into a file of its own, mode 0600, and prints none (P4)", async () => {
    const folder = join(newHome(), "keys");
    const words = ["keys", "rotate", "-l", "a=b", "--overlap", "24h", "--key-dir", folder, "--yes"];
    const { exit, stdout, stderr, service: seen } = await dome(words, world);
    expect(exit).toBe(0);
    const file = join(folder, "alpha.key");
    expect(readFileSync(file, "utf8")).toBe(`${SECRET}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(stdout + stderr).not.toContain(SECRET);
    expect(JSON.parse(seen.seen.at(-1)?.body ?? "")).toEqual({
      replaces: KEY_ID,
      overlap_seconds: 86_400,
      expires_at: null,
    });
    const again = await dome(words, world);
    expect([again.exit, again.stderr]).toEqual([1, expect.stringContaining("alpha.key exists already")]);
  });

  test("of several without a terminal names the whole command again, because a shorter one would end the old keys at once", async () => {
    const folder = join(newHome(), "keys");
    const words = ["keys", "rotate", "-l", "a=b", "--overlap", "24h", "--key-dir", folder];
    const { exit, stderr } = await dome(words, world);
    expect(exit).toBe(2);
    expect(stderr).toContain(`dome keys rotate --label a=b --overlap 86400s --key-dir ${folder} --yes\n`);
  });

  test("of several with --dry-run shows which keys, and issues and writes nothing", async () => {
    const folder = join(newHome(), "keys");
    const words = ["keys", "rotate", "-l", "a=b", "--key-dir", folder, "--dry-run"];
    const { exit, stdout, requests } = await dome(words, world);
    expect([exit, existsSync(folder), requests.filter((each) => each.startsWith("POST"))]).toEqual([
      0,
      false,
      [],
    ]);
    expect(stdout).toContain(KEY_ID);
    const nowhere = await dome(["keys", "rotate", "-l", "a=b", "--dry-run"], world);
    expect([nowhere.exit, nowhere.stdout.includes(KEY_ID)]).toEqual([0, true]); // it writes no file, so it needs no folder
  });

  test.each([
    [["-l", "a=b", "--overlap", "1h"], "--key-dir FOLDER is missing: it says where to write the new keys"],
    [["-l", "a=b", "--key-file", "x"], "one file cannot hold several keys: use --key-dir FOLDER"],
    [["alpha", "--key-dir", "x"], "--key-dir and --dry-run go with --label, --steward or --owner"],
    [[], "name the agents, or choose them with --label, --steward or --owner"],
  ])("%j is wrong usage", async (more, why) => {
    const { exit, stderr, requests } = await dome(["keys", "rotate", ...more], world);
    expect([exit, requests]).toEqual([2, []]);
    expect(stderr).toContain(why);
  });

  test("does not mean a key that ends because it was replaced", async () => {
    const ending = apiKey({ created_at: "2026-11-01T09:00:00.000Z", expires_at: "2026-11-24T09:00:00.000Z" });
    const { requests, service: seen } = await dome(["keys", "rotate", "alpha"], {
      replies: [
        page(ending, apiKey({ id: KEY_2 })),
        json(201, {
          api_key: { id: KEY_ID, secret: SECRET, expires_at: null },
          secret_shown: false,
          replaced: null,
        }),
      ],
    });
    expect(requests).toHaveLength(2);
    expect(JSON.parse(seen.seen.at(-1)?.body ?? "")).toMatchObject({ replaces: KEY_2 });
  });
});

test("the names of agents are completed, and a service that is not there offers none", async () => {
  const listed = { replies: [page(agent({ name: "alpha" }), agent({ name: "beta" }))] };
  for (const words of [
    ["agents", "show", "al"],
    ["keys", "rotate", "al"],
    ["agents", "get", "al"],
    ["agents", "suspend", "beta", "al"],
  ])
    expect((await dome(["__complete", "--", ...words], listed)).stdout).toBe("alpha\n");
  expect((await dome(["__complete", "--", "agents", "list", "al"], listed)).requests).toEqual([]);
  const away = await dome(["__complete", "--", "agents", "show", "al"], { replies: [hangUp()] });
  expect([away.exit, away.stdout, away.stderr, away.requests.length]).toEqual([0, "", "", 1]);
});

test("dome agents list --watch asks every 2 s, and prints the list when it has changed", async () => {
  const [one, two] = [agent({ state: "active" }), agent({ state: "suspended" })];
  const {
    exit,
    stdout,
    requests,
    service: seen,
  } = await dome(["agents", "list", "--watch", "--quiet"], {
    replies: [page(one), page(one), page(two), problem(403, "forbidden")],
  });
  expect([exit, requests.length, seen.slept]).toEqual([3, 4, [2_000, 2_000, 2_000]]);
  expect(stdout).toBe(`${AGENT_ID}\n${AGENT_ID}\n`);
});

const WORKSPACE = {
  id: "wsp_01k9v3m8q2x7n5r4t6w0y1z2a7",
  name: "w",
  description: null,
  created_at: "2026-11-23T09:00:00.000Z",
  config_epoch: 1,
};

test.each([
  [["agents", "show", "a"], agent({ state: "active" }), agent({ state: "suspended" })],
  [["agents", "halts", "a", "hlt_01k9v3m8q2x7n5r4t6w0y1z2a5"], halt(), halt({ effective_in_ms: 0 })],
  [["workspaces", "halts", "w", "hlt_01k9v3m8q2x7n5r4t6w0y1z2a5"], halt(), halt({ effective_in_ms: 0 })],
  [["workspaces", "show", "w"], { ...WORKSPACE, halted: false }, { ...WORKSPACE, halted: true }],
])(
  "%j --watch shows it again when it has changed, with --json on a line each",
  async (words, before, after) => {
    const { exit, stdout, requests } = await dome([...words, "--watch", "--json"], {
      replies: [json(200, before), json(200, before), json(200, after), problem(403, "forbidden")],
    });
    expect([exit, requests.length]).toEqual([3, 4]);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([before, after]);
  },
);

test("dome agents list -o wide tells when each was active last, how long ago", async () => {
  const { stdout } = await dome(["agents", "list", "-o", "wide"], {
    replies: [page(agent({ last_active_at: "2026-11-23T06:00:00.000Z" }))],
  });
  expect(stdout).toMatch(/LAST ACTIVE/);
  expect(stdout).toMatch(/ 3 h ago /);
});

test("dome keys revoke takes a reason for the audit trail", async () => {
  const { requests } = await dome(["keys", "revoke", "a", KEY_ID, "--reason", "found in a log"], {
    replies: [json(200, { id: KEY_ID, changed: true, effective_in_ms: 0, halt: null })],
  });
  expect(requests).toEqual([`DELETE /api/v1/agents/a/keys/${KEY_ID}?reason=found+in+a+log`]);
});

test("Ctrl-C while it waits says that the stop stays, and where to look", async () => {
  const { stderr } = await dome(["agents", "suspend", "a", "--wait", "--workspace", "w"], {
    interrupted: true,
    replies: [json(202, transition()), json(200, halt({ effective_at: "2026-11-23T09:00:02.500Z" }))],
  });
  expect(stderr).toMatch(
    /^The stop hlt_\w+ continues: it is committed, and becomes effective by itself\.\nnext: dome agents halts a hlt_\w+ --workspace w\n/,
  );
});
