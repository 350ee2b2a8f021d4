import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { json, problem, type Reply } from "../client/fake-service.ts";
import {
  apiKey,
  halt,
  KEY_ID,
  keyCreated,
  listedApiKey,
  OTHER_KEY_ID,
  OTHER_SECRET,
} from "../client/samples.ts";
import { dome, newHome } from "./run-cli.ts";

const ENDS = "2026-11-24T09:00:00.000Z";

describe("dome keys issue", () => {
  test("prints the key once, and touches no other", async () => {
    const { exit, stdout, requests, service } = await dome(
      ["keys", "issue", "support-triage", "--expires", "90d"],
      {
        replies: [json(201, keyCreated())],
      },
    );
    expect(exit).toBe(0);
    expect(requests).toEqual(["POST /api/v1/agents/support-triage/keys"]);
    expect(JSON.parse(service.seen[0]?.body ?? "")).toEqual({ expires_at: "2027-02-21T09:00:00.000Z" });
    expect(stdout.split(OTHER_SECRET)).toHaveLength(2);
    expect(stdout).toContain(`key      ${OTHER_KEY_ID}\n`);
  });

  test("replaces a key whose answer was lost by one that revokes it alone (P12)", async () => {
    const lost = keyCreated({ api_key: { id: KEY_ID, secret: null, expires_at: ENDS }, secret_shown: true });
    const { exit, stdout, stderr, service } = await dome(["keys", "issue", "support-triage"], {
      replies: [json(201, lost), json(201, keyCreated())],
    });
    expect(exit).toBe(0);
    expect(JSON.parse(service.seen[1]?.body ?? "")).toEqual({ replaces: KEY_ID, expires_at: ENDS });
    expect(stdout).toContain(OTHER_SECRET);
    expect(stderr).toContain(
      `Nobody has seen that key; Dome has revoked it and replaced it by ${OTHER_KEY_ID}.`,
    );
  });

  test("writes the key to its file before it reports success", async () => {
    const path = join(newHome(), "agent.key");
    const { stdout, stderr } = await dome(["keys", "issue", "support-triage", "--key-file", path], {
      replies: [json(201, keyCreated())],
    });
    expect(readFileSync(path, "utf8")).toBe(`${OTHER_SECRET}\n`);
    expect(stdout + stderr).not.toContain(OTHER_SECRET);
    expect(stderr).toBe(`The API key ${OTHER_KEY_ID} is in ${path} (mode 0600). It is not shown again.\n`);
  });
});

describe("dome keys rotate", () => {
  const rotated = json(201, keyCreated({ replaced: { id: KEY_ID, ends_at: ENDS, halt: null } }));

  test("replaces the only live key, with the overlap that is asked for", async () => {
    const keys = { items: [apiKey(), apiKey({ id: OTHER_KEY_ID, state: "revoked" })], next_cursor: null };
    const { exit, stdout, service } = await dome(["keys", "rotate", "support-triage", "--overlap", "24h"], {
      replies: [json(200, keys), rotated],
    });
    expect(exit).toBe(0);
    expect(JSON.parse(service.seen[1]?.body ?? "")).toEqual({
      replaces: KEY_ID,
      overlap_seconds: 86_400,
      expires_at: null,
    });
    expect(stdout).toContain(`replaced  ${KEY_ID}, which ends at 2026-11-24 09:00:00 UTC (in 1 d)\n`);
  });

  test("replaces the key that is named, at once by default, without asking for the others", async () => {
    const { requests, service } = await dome(["keys", "rotate", "support-triage", KEY_ID], {
      replies: [rotated],
    });
    expect(requests).toEqual(["POST /api/v1/agents/support-triage/keys"]);
    expect(JSON.parse(service.seen[0]?.body ?? "")).toMatchObject({ replaces: KEY_ID, overlap_seconds: 0 });
  });

  test("does not guess which of several live keys is meant", async () => {
    const keys = { items: [apiKey(), apiKey({ id: OTHER_KEY_ID })], next_cursor: null };
    const { exit, stderr, requests } = await dome(["keys", "rotate", "support-triage"], {
      replies: [json(200, keys)],
    });
    expect({ exit, requests: requests.length }).toEqual({ exit: 2, requests: 1 });
    expect(stderr).toBe(
      `error: there are 2 live keys (${KEY_ID}, ${OTHER_KEY_ID}): name one\nnext: dome keys rotate support-triage ${KEY_ID}\n`,
    );
    const order = ["--overlap", "24h", "--key-file", "./new key", "--force"];
    const whole = await dome(["keys", "rotate", "support-triage", ...order], { replies: [json(200, keys)] });
    expect(whole.stderr).toContain(
      `next: dome keys rotate support-triage ${KEY_ID} --overlap 86400s --key-file './new key' --force\n`,
    );
  });
});

test("dome keys list shows no secret, only its last four characters", async () => {
  const { stdout } = await dome(["keys", "list", "support-triage"], {
    replies: [json(200, { items: [apiKey()], next_cursor: null })],
  });
  expect(stdout).toBe(
    "ID                              STATE  LAST 4  CREATED  EXPIRES  LAST USED\n" +
      "key_01k9v3m8q2x7n5r4t6w0y1z2a4  live   AAAA    now      -        -\n",
  );
});

describe("the keys of many agents", () => {
  const old = listedApiKey({
    created_at: "2026-05-01T09:00:00.000Z",
    expires_at: "2026-12-23T09:00:00.000Z",
  });
  const page = (...items: readonly object[]): Reply => json(200, { items, next_cursor: null });

  test("are listed with whose they are, how old, when they end and were used last", async () => {
    const { stdout, requests } = await dome(
      ["keys", "list", "--live", "--older-than", "90d", "--workspace", "support"],
      { replies: [page(old)] },
    );
    expect(requests).toEqual([
      "GET /api/v1/keys?workspace=support&live=true&created_before=2026-08-25T09%3A00%3A00.000Z&limit=200",
    ]);
    expect(stdout).toBe(
      "AGENT           KEY                             STATE  CREATED    EXPIRES  LAST USED  WORKSPACE\n" +
        `support-triage  ${KEY_ID}  live   206 d ago  in 30 d  -          default\n`,
    );
  });

  test("are sorted by their end where that is asked about, over every workspace with -A", async () => {
    const { requests, stderr } = await dome(["keys", "ls", "-A", "--expires-before", "14d"], {
      replies: [page()],
    });
    expect(requests).toEqual([
      "GET /api/v1/keys?all_workspaces=true&expires_before=2026-12-07T09%3A00%3A00.000Z&sort=expires&limit=200",
    ]);
    expect(stderr).toBe("Searched: every workspace that you may see.\n");
  });

  test("keep their times in UTC for programs", async () => {
    const { stdout } = await dome(["keys", "list", "--json"], { replies: [page(old)] });
    expect(JSON.parse(stdout)).toEqual([old]);
  });

  test("are not listed with an agent and a filter, which would be passed over", async () => {
    const { exit, stderr, requests } = await dome(["keys", "list", "support-triage", "--older-than", "90d"]);
    expect([exit, requests]).toEqual([2, []]);
    expect(stderr).toContain("error: filters, --sort and -A cannot be used with an agent; omit the agent\n");
  });

  test("are watched: asked for every 2 s, and shown when they have changed, a line each as JSON", async () => {
    const { stdout, service } = await dome(["keys", "list", "--watch", "--json"], {
      replies: [page(old), page(old), page(), problem(403, "forbidden")],
    });
    expect(service.slept).toEqual([2_000, 2_000, 2_000]);
    expect(stdout).toBe(`${JSON.stringify([old])}\n[]\n`);
  });
});

describe("dome keys rotate --older-than", () => {
  const old = listedApiKey({ created_at: "2026-05-01T09:00:00.000Z" });
  const rotated = json(201, keyCreated({ replaced: { id: KEY_ID, ends_at: ENDS, halt: null } }));
  const replies = (...ofAgent: readonly object[]) => [
    json(200, { items: [old], next_cursor: null }),
    json(200, { items: ofAgent, next_cursor: null }),
    rotated,
  ];

  test("replaces exactly the keys that the list shows, after they were shown and agreed to", async () => {
    const folder = newHome();
    const words = ["keys", "rotate", "--older-than", "90d", "--key-dir", folder];
    const asked = await dome([...words, "--yes"], {
      replies: replies(old, apiKey({ id: OTHER_KEY_ID })),
    });
    expect([asked.exit, asked.requests]).toEqual([
      0,
      [
        "GET /api/v1/keys?live=true&created_before=2026-08-25T09%3A00%3A00.000Z&limit=200",
        `GET /api/v1/agents/${old.agent}/keys?limit=200`,
        `POST /api/v1/agents/${old.agent}/keys`,
      ],
    ]);
    expect(JSON.parse(asked.service.seen[2]?.body ?? "")).toMatchObject({ replaces: KEY_ID });
    expect(readFileSync(join(folder, "support-triage.key"), "utf8")).toBe(`${OTHER_SECRET}\n`);
    const silent = await dome([...words, "--overlap", "24h"], { replies: replies(old) });
    expect([silent.exit, silent.requests.length]).toEqual([2, 2]);
    expect(silent.stderr).toContain(
      `next: dome keys rotate --older-than 2026-08-25T09:00:00.000Z --overlap 86400s --key-dir ${folder} --yes\n`,
    );
  });

  test("with -A writes each key into the folder of its workspace, because names are those of a workspace", async () => {
    const folder = newHome();
    await dome(["keys", "rotate", "--older-than", "90d", "-A", "--key-dir", folder, "--yes"], {
      replies: replies(old),
    });
    expect(readFileSync(join(folder, "default", "support-triage.key"), "utf8")).toBe(`${OTHER_SECRET}\n`);
  });

  test("with --dry-run issues and writes nothing", async () => {
    const { stdout, requests } = await dome(
      ["keys", "rotate", "--older-than", "90d", "--key-dir", "/nowhere", "--dry-run"],
      { replies: replies(old) },
    );
    expect(requests).toHaveLength(2);
    expect(stdout).toContain(KEY_ID);
  });

  test("leaves a key that was replaced already and only goes on for its overlap: it would be replaced twice", async () => {
    const ending = { ...old, expires_at: ENDS };
    const { exit, stderr, requests } = await dome(
      ["keys", "rotate", "--older-than", "90d", "--key-dir", "/nowhere", "--yes"],
      { replies: replies(apiKey(ending), apiKey({ id: OTHER_KEY_ID, expires_at: null })) },
    );
    expect([exit, requests.length]).toEqual([1, 2]);
    expect(stderr).toContain(
      "error: no live key matches --older-than 2026-08-25T09:00:00.000Z, apart from keys that are already being replaced; nothing was rotated.",
    );
  });

  test.each([["support-triage", "--older-than", "90d"], ["support-triage", "-A"], ["-A"]])(
    "%s %s is wrong usage",
    async (...words) => {
      const { exit, requests } = await dome(["keys", "rotate", ...words, "--key-dir", "x"]);
      expect([exit, requests]).toEqual([2, []]);
    },
  );
});

test("dome keys revoke --wait returns when the stop of the key is effective (P3)", async () => {
  const stop = halt({ kind: "key", keys: [KEY_ID] });
  const { exit, stdout, requests } = await dome(["keys", "revoke", "support-triage", KEY_ID, "--wait"], {
    replies: [
      json(202, { id: KEY_ID, changed: true, effective_in_ms: 2500, halt: stop }),
      json(200, { ...stop, effective_at: "2026-11-23T09:00:02.500Z", effective_in_ms: 0 }),
    ],
  });
  expect(exit).toBe(0);
  expect(requests).toEqual([
    `DELETE /api/v1/agents/support-triage/keys/${KEY_ID}`,
    `GET /api/v1/agents/support-triage/halts/${stop.id}`,
  ]);
  expect(stdout).toBe(
    `${KEY_ID} is revoked. The stop ${stop.id} is effective since 2026-11-23 09:00:02.500 UTC (now).\n`,
  );
});
