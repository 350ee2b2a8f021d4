import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { json } from "../client/fake-service.ts";
import { apiKey, halt, KEY_ID, keyCreated, OTHER_KEY_ID, OTHER_SECRET } from "../client/samples.ts";
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
    expect(stderr).toContain(`Nobody has seen that key: it is revoked, and replaced by ${OTHER_KEY_ID}.`);
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
    expect(stdout).toContain(`replaced  ${KEY_ID}, which ends at ${ENDS}\n`);
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
  });
});

test("dome keys list shows no secret, only its last four characters", async () => {
  const { stdout } = await dome(["keys", "list", "support-triage"], {
    replies: [json(200, { items: [apiKey()], next_cursor: null })],
  });
  expect(stdout).toBe(
    "ID                              STATE  LAST 4  CREATED                   EXPIRES  LAST USED\n" +
      "key_01k9v3m8q2x7n5r4t6w0y1z2a4  live   AAAA    2026-11-23T09:00:00.000Z  -        -\n",
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
    `${KEY_ID} is revoked. The stop ${stop.id} is effective since 2026-11-23T09:00:02.500Z.\n`,
  );
});
