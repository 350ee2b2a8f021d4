import { describe, expect, test } from "vitest";
import { json, problem, refusalOf, type Reply, type Seen } from "../client/fake-service.ts";
import { halt, HALT_ID, TXN_ID, WORKSPACE_ID } from "../client/samples.ts";
import { dome } from "./run-cli.ts";

const USER = `usr_${"a".repeat(26)}`;
const COMMITTED = halt({ kind: "user", agents: [], user: USER });
const EFFECTIVE = halt({ ...COMMITTED, effective_at: "2026-11-23T09:00:02.500Z", effective_in_ms: 0 });
const stopped = {
  workspace: WORKSPACE_ID,
  user: USER,
  stopped: true,
  changed: true,
  effective_in_ms: 2500,
  halt: COMMITTED,
};
const { user: _user, ...rest } = stopped;
const stoppedTxn = { ...rest, txn: TXN_ID, halt: halt({ kind: "transaction", agents: [], txn: TXN_ID }) };
const whoami = (workspaces: readonly string[] | null) =>
  json(200, { subject: "ada", token: "opt_1", role: "security", workspaces, expires_at: null });

const ISSUER = "https://login.example.com";

/** A service that trusts these issuers and has seen the user or not, and gives `replies` in order to everything else. */
function service(
  {
    issuers = [ISSUER],
    seen = true,
    stopped: isStopped = false,
    broken = false,
  }: { issuers?: string[]; seen?: boolean; stopped?: boolean; broken?: boolean },
  ...replies: readonly Response[]
): Reply {
  const left = [...replies];
  return ({ method, url }: Seen) => {
    const { pathname } = new URL(url);
    const isLookUp = method === "GET" && /\/(?:users|identity-providers)$/.test(pathname);
    if (!isLookUp) return left.shift() ?? json(500, {});
    if (broken) return problem(403, "forbidden");
    const page = (items: readonly unknown[]) => json(200, { items, next_cursor: null });
    if (pathname.endsWith("/identity-providers"))
      return page(issuers.map((issuer) => ({ ...PROVIDER, issuer })));
    if (seen || isStopped)
      return page([{ ...STOPPED_USER, ...(seen ? { first_seen: SEEN, last_seen: SEEN } : {}) }]);
    return problem(422, "unknown_reference");
  };
}

const SEEN = "2026-11-23T09:00:00.000Z";
const STOPPED_USER = {
  id: USER,
  workspace: "support",
  workspace_id: WORKSPACE_ID,
  issuer: null,
  subject: null,
  email: null,
  first_seen: null,
  last_seen: null,
  stopped: { since: SEEN, halt: HALT_ID },
  agents: [],
};

const PROVIDER = {
  id: "idp_01k9v3m8q2x7n5r4t6w0y1z2a3",
  name: "login",
  workspace_id: WORKSPACE_ID,
  description: null,
  audiences: [],
  audience_scope: "agent",
  test: false,
  authorized_parties: [],
  algorithms: ["RS256"],
  subject_claim: "sub",
  email_claim: "email",
  groups_claim: null,
  tenant: null,
  max_age_seconds: 600,
  max_auth_age_seconds: null,
  acr_values: [],
  created_at: "2026-11-23T09:00:00.000Z",
  version: 1,
};

/** Without the look-ups. */
const orders = (requests: readonly string[]): string[] =>
  requests.filter((each) => !/^GET \S*\/(?:users|identity-providers)\?/.test(each));

describe("dome users stop", () => {
  test("names the user as the identity provider does, and shows the way to effective with --wait (P3)", async () => {
    const words = ["users", "stop", "https://login.example.com", "ada", "--workspace", "support"];
    const {
      exit,
      stdout,
      stderr,
      requests,
      service: seen,
    } = await dome([...words, "--tenant", "t1", "--reason", "left", "--wait"], {
      replies: [service({}, json(202, stopped), json(200, EFFECTIVE))],
    });
    expect(exit).toBe(0);
    expect(JSON.parse(seen.seen.at(-2)?.body ?? "")).toEqual({
      issuer: "https://login.example.com",
      subject: "ada",
      tenant: "t1",
      reason: "left",
    });
    expect(stderr).toBe(
      `committed   ${HALT_ID} at 2026-11-23 09:00:00 UTC\n` +
        "waiting     2.5 s until no door admits a call any more\n" +
        "effective   at 2026-11-23 09:00:02.500 UTC, 2.5 s after the commit\n" +
        "admitted    no call in the ledger\n" +
        "cut         0 acts\n",
    );
    expect(stdout).toBe(
      `The user ${USER} is stopped. The stop ${HALT_ID} is effective since 2026-11-23 09:00:02.500 UTC (now).\n`,
    );
    expect(orders(requests)).toEqual([
      "POST /api/v1/workspaces/support/users/stop",
      `GET /api/v1/workspaces/support/halts/${HALT_ID}`,
    ]);
  });

  test("takes an id alone, says where the receipt is, and asks nobody to confirm", async () => {
    const {
      exit,
      stderr,
      service: seen,
    } = await dome(["users", "stop", USER, "--workspace", "support"], {
      replies: [service({}, json(202, stopped))],
    });
    expect({ exit, stderr }).toEqual({
      exit: 0,
      stderr: `next: dome workspaces halts support ${HALT_ID}\n`,
    });
    expect(JSON.parse(seen.seen.at(-1)?.body ?? "")).toEqual({ user: USER, reason: null });
  });

  test.each([
    [["support"], "support"],
    [["support", "sales"], "default"],
    [null, "default"],
  ])("without --workspace a token for %j stops in %s", async (workspaces, home) => {
    const { requests } = await dome(["users", "stop", USER], {
      replies: [service({}, whoami(workspaces), json(202, stopped))],
    });
    expect(orders(requests)[1]).toBe(`POST /api/v1/workspaces/${home}/users/stop`);
  });

  test("resolves an e-mail address to the id that the user has in this workspace", async () => {
    const { exit, service: seen } = await dome(
      ["users", "stop", "ada@example.com", "--workspace", "support"],
      {
        replies: [service({}, json(202, stopped))],
      },
    );
    expect(exit).toBe(0);
    expect(new URL(seen.seen[0]?.url ?? "").search).toContain("user=ada%40example.com&workspace=support");
    expect(JSON.parse(seen.seen.at(-1)?.body ?? "")).toEqual({ user: USER, reason: null });
  });

  test("refuses an address that several users have, with their ids", async () => {
    const several = "Several users have this e-mail address: usr_a, usr_b. Use the id of one.";
    const { exit, stderr, requests } = await dome(["users", "stop", "ada@example.com", "--workspace", "w"], {
      replies: [refusalOf(400, "invalid_request", "user", several)],
    });
    expect(exit).toBe(1);
    expect(stderr).toContain(several);
    expect(orders(requests)).toEqual([]);
  });

  test.each([
    ["an issuer without a subject", ["https://login.example.com"]],
    ["a tenant beside an id", [USER, "--tenant", "t1"]],
    ["a tenant beside an e-mail address", ["ada@example.com", "--tenant", "t1"]],
  ])("wants more than %s", async (_what, words) => {
    const { exit, stderr, requests } = await dome(["users", "stop", ...words]);
    expect({ exit, requests }).toEqual({ exit: 2, requests: [] });
    expect(stderr).toContain("next: dome users stop --help\n");
  });

  test.each([
    [
      "an issuer that nobody trusts",
      { issuers: ["https://idp.example.com"] },
      /no identity provider .* has the issuer/,
    ],
    ["a user whom no agent has acted for", { seen: false }, /agents have not acted for this user/],
    [
      "a user of whom only a stop is known",
      { seen: false, stopped: true },
      /agents have not acted for this user/,
    ],
  ])("warns of %s, and wants --yes before it stops anybody", async (_what, there, warning) => {
    const words = ["users", "stop", ISSUER, "ada b", "--workspace", "support"];
    const asked = await dome(words, { replies: [service(there)] });
    expect({ exit: asked.exit, orders: orders(asked.requests) }).toEqual({ exit: 2, orders: [] });
    expect(asked.stderr).toMatch(warning);
    expect(asked.stderr).toContain(`next: dome users stop ${ISSUER} 'ada b' --workspace support --yes\n`);
    const no = await dome(words, { typed: "ada", replies: [service(there)] });
    expect({ exit: no.exit, orders: orders(no.requests) }).toEqual({ exit: 1, orders: [] });
    expect(no.questions).toEqual(["Stop ada b anyway? Type the name again to go on: "]);
    expect(no.stderr).toContain("error: the user does not match; nothing was stopped\n");
    const whole = await dome([...words, "--reason", "left", "--wait"], { replies: [service(there)] });
    expect(whole.stderr).toContain(
      `next: dome users stop ${ISSUER} 'ada b' --workspace support --reason left --wait --yes\n`,
    );
    const yes = await dome(words, { typed: "ada b", replies: [service(there, json(202, stopped))] });
    expect(yes.exit).toBe(0);
  });

  test("with --yes stops first, and warns afterwards: nothing delays a stop", async () => {
    const words = ["users", "stop", ISSUER, "ada", "--workspace", "support", "--yes"];
    const { exit, stderr, requests } = await dome(words, {
      replies: [service({ issuers: [], seen: false }, json(202, stopped))],
    });
    expect({ exit, first: requests[0] }).toEqual({
      exit: 0,
      first: "POST /api/v1/workspaces/support/users/stop",
    });
    expect(stderr).toContain("warning: no identity provider of the workspace support has the issuer");
  });

  test("goes on when the look-up is not allowed or fails: a stop waits for nothing", async () => {
    const words = ["users", "stop", ISSUER, "ada", "--workspace", "support"];
    const { exit } = await dome(words, { replies: [service({ broken: true }, json(202, stopped))] });
    expect(exit).toBe(0);
  });

  test("knows the issuer of a provider with tenants", async () => {
    const words = [
      "users",
      "stop",
      "https://login.example.com/t1/v2.0",
      "ada",
      "--tenant",
      "t1",
      "--workspace",
      "w",
    ];
    const issuers = ["https://login.example.com/{tenantid}/v2.0"];
    const { exit, stderr } = await dome(words, { replies: [service({ issuers }, json(202, stopped))] });
    expect({ exit, warned: stderr.includes("warning") }).toEqual({ exit: 0, warned: false });
  });
});

test("a workspace that is not there leads to those that are", async () => {
  const { exit, stderr } = await dome(["users", "stop", USER, "--workspace", "supprot"], {
    replies: [problem(404, "not_found")],
  });
  expect(exit).toBe(1);
  expect(stderr).toContain("next: dome workspaces list\n");
});

test("dome users resume returns 300 ms after the commit, when no isolate keeps the old answer", async () => {
  const { stdout, service } = await dome(["users", "resume", USER, "--workspace", "support"], {
    replies: [json(200, { ...stopped, stopped: false, effective_in_ms: 0, halt: null })],
  });
  expect({ stdout, slept: service.slept }).toEqual({
    stdout: `Agents may act for the user ${USER} again.\n`,
    slept: [300],
  });
});

describe("dome token revoke --txn", () => {
  test("stops the transaction", async () => {
    const words = ["token", "revoke", "--txn", TXN_ID, "--workspace", "support", "--reason", "loops"];
    const { exit, stdout, requests, service } = await dome(words, { replies: [json(202, stoppedTxn)] });
    expect(exit).toBe(0);
    expect(requests).toEqual([`POST /api/v1/workspaces/support/transactions/${TXN_ID}/stop`]);
    expect(service.seen[0]?.body).toBe('{"reason":"loops"}');
    expect(stdout).toBe(`The transaction ${TXN_ID} is stopped. The stop ${HALT_ID} is effective in 2.5 s.\n`);
  });

  test.each([
    ["a token beside it", ["./token", "--txn", TXN_ID]],
    ["an agent's key beside it", ["--txn", TXN_ID, "--key-file", "./key"]],
    ["its options without it", ["--wait"]],
  ])("does not take %s", async (_what, words) => {
    expect(await dome(["token", "revoke", ...words])).toMatchObject({ exit: 2, requests: [] });
  });
});

test("dome workspaces halts shows whom a stop is about", async () => {
  const of = async (receipt: object): Promise<string> =>
    (await dome(["workspaces", "halts", "support", HALT_ID], { replies: [json(200, receipt)] })).stdout;
  expect(await of(EFFECTIVE)).toContain(`user           ${USER}\n`);
  expect(await of(stoppedTxn.halt)).toContain(`transaction    ${TXN_ID}\n`);
});
