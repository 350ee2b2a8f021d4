import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { OperatorCreated, OperatorView } from "../../../src/contract/operator.ts";
import { json, problem } from "../client/fake-service.ts";
import { dome, newHome } from "./run-cli.ts";

const ID = "opt_01k9v3m8q2x7n5r4t6w0y1z2a3";
const NEXT_ID = "opt_01k9v3m8q2x7n5r4t6w0y1z2a4";
const SECRET = `dome_ot_${"S".repeat(49)}`;
const NOW = "2026-11-23T09:00:00.000Z";
const ENDS = "2027-02-21T09:00:00.000Z";

const operator = (over: Partial<OperatorView> = {}): OperatorView => ({
  id: ID,
  subject: "ada@example.com",
  role: "security",
  description: null,
  workspaces: null,
  state: "live",
  last4: "SSSS",
  created_at: NOW,
  created_by: "admin",
  expires_at: ENDS,
  revoked_at: null,
  last_used_at: null,
  replaces: null,
  version: 1,
  ...over,
});

const created = (over: Partial<OperatorCreated> = {}): OperatorCreated => ({
  operator: operator(),
  operator_token: { id: ID, secret: SECRET, expires_at: ENDS },
  secret_shown: false,
  replaced: null,
  ...over,
});

const lost = created({
  operator_token: { id: ID, secret: null, expires_at: ENDS },
  secret_shown: true,
});
const successor = created({
  operator: operator({ id: NEXT_ID, replaces: ID }),
  operator_token: { id: NEXT_ID, secret: SECRET, expires_at: ENDS },
  replaced: { id: ID, ends_at: NOW },
});

const bodyOf = ({ service }: Awaited<ReturnType<typeof dome>>, at = 0): unknown =>
  JSON.parse(service.seen[at]?.body ?? "null");

describe("dome operators create", () => {
  const words = ["operators", "create", "ada@example.com", "--role", "security"];

  test("prints the token once, with what it is for", async () => {
    const outcome = await dome(
      [...words, "--workspace", "a", "--workspace", "b", "--description", "on call", "--expires", "30d"],
      { replies: [json(201, created())] },
    );
    expect(outcome.requests).toEqual(["POST /api/v1/operators"]);
    expect(bodyOf(outcome)).toEqual({
      subject: "ada@example.com",
      role: "security",
      description: "on call",
      workspaces: ["a", "b"],
      expires_at: "2026-12-23T09:00:00.000Z",
    });
    expect(outcome.stdout.split(SECRET)).toHaveLength(2);
    expect(outcome.stdout).toContain(
      `Operator token ${ID}, valid until 2027-02-21 09:00:00 UTC (in 90 d), shown this once:`,
    );
    expect(outcome.exit).toBe(0);
  });

  test("asks for all workspaces and the default end when nothing is said", async () => {
    const outcome = await dome(words, { replies: [json(201, created())] });
    expect(bodyOf(outcome)).toEqual({
      subject: "ada@example.com",
      role: "security",
      description: null,
      workspaces: null,
    });
  });

  test("writes the token to its file, and shows it nowhere else", async () => {
    const path = join(newHome(), "ada.token");
    const { stdout, stderr } = await dome([...words, "--token-file", path, "--json"], {
      replies: [json(201, created())],
    });
    expect(readFileSync(path, "utf8")).toBe(`${SECRET}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(stdout + stderr).not.toContain(SECRET);
    expect(JSON.parse(stdout)).toMatchObject({ operator_token: { secret: null }, secret_shown: true });
    expect(stderr).toBe(`The token ${ID} is in ${path} (mode 0600). It is not shown again.\n`);
  });

  test("with --quiet has the id on stdout and the token on stderr", async () => {
    const { stdout, stderr } = await dome([...words, "--quiet"], { replies: [json(201, created())] });
    expect({ stdout, stderr }).toEqual({ stdout: `${ID}\n`, stderr: `${SECRET}\n` });
  });

  test("replaces a token whose answer was lost by one that revokes it (P12)", async () => {
    const outcome = await dome(words, { replies: [json(201, lost), json(201, successor)] });
    expect(bodyOf(outcome, 1)).toEqual({ replaces: ID, expires_at: ENDS });
    expect(outcome.stdout).toContain(SECRET);
    expect(outcome.stderr).toContain(`Dome has revoked it and replaced it by ${NEXT_ID}.`);
  });

  test("gives up on a service that loses every answer, and says what to type", async () => {
    const { exit, stderr } = await dome(words, { replies: [json(201, lost)] });
    expect(exit).toBe(1);
    expect(stderr).toContain(`next: dome operators rotate ${ID}\n`);
  });

  test("wants one of the roles", async () => {
    expect(await dome(["operators", "create", "ada"])).toMatchObject({ exit: 2, requests: [] });
    const { exit, stderr } = await dome(["operators", "create", "ada", "--role", "root"]);
    expect(exit).toBe(2);
    expect(stderr).toContain("admin, security, operator, developer, auditor");
  });

  test("that is not allowed exits 3", async () => {
    expect(await dome(words, { replies: [problem(403, "forbidden")] })).toMatchObject({ exit: 3 });
  });
});

describe("dome operators rotate", () => {
  test("takes over the rights of the old token, with the overlap that is asked for", async () => {
    const outcome = await dome(["operators", "rotate", ID, "--overlap", "24h"], {
      replies: [json(201, successor)],
    });
    expect(bodyOf(outcome)).toEqual({ replaces: ID, overlap_seconds: 86_400 });
    expect(outcome.stdout).toContain(
      `${NEXT_ID} replaces ${ID}, which ends at 2026-11-23 09:00:00 UTC (now).`,
    );
  });

  test("of a dead token says where to look", async () => {
    const { exit, stderr } = await dome(["operators", "rotate", ID], {
      replies: [problem(409, "key_not_live")],
    });
    expect(exit).toBe(1);
    expect(stderr).toContain("next: dome operators list\n");
  });
});

describe("dome operators list and show", () => {
  test("have subject, role, workspaces and state, and no secret", async () => {
    const { stdout, requests } = await dome(["operators", "list", "--role", "security"], {
      replies: [json(200, { items: [operator({ workspaces: ["a", "b"] })], next_cursor: null })],
    });
    expect(requests).toEqual(["GET /api/v1/operators?role=security&limit=200"]);
    expect(stdout).toBe(
      "SUBJECT          ROLE      WORKSPACES  STATE  EXPIRES  LAST USED  ID\n" +
        `ada@example.com  security  a, b        live   in 90 d  -          ${ID}\n`,
    );
    const shown = await dome(["operators", "show", ID], { replies: [json(200, operator())] });
    expect(shown.stdout).toContain("workspaces   all\n");
  });
});

describe("dome operators revoke", () => {
  const revoked = json(200, {
    id: ID,
    changed: true,
    operator: operator({ state: "revoked", revoked_at: NOW }),
  });

  test("asks for the subject on a terminal", async () => {
    const yes = await dome(["operators", "revoke", ID], {
      typed: "ada@example.com",
      replies: [json(200, operator()), revoked],
    });
    expect(yes.requests).toEqual([`GET /api/v1/operators/${ID}`, `DELETE /api/v1/operators/${ID}`]);
    expect(yes.questions).toEqual([
      `Revoking ${ID} (ada@example.com, security) is final. Type its subject to go on: `,
    ]);
    expect(yes.stdout).toBe(`${ID} (ada@example.com) is revoked.\n`);
    const no = await dome(["operators", "revoke", ID], { typed: "bob", replies: [json(200, operator())] });
    expect(no).toMatchObject({ exit: 1, requests: [`GET /api/v1/operators/${ID}`] });
  });

  test("wants --yes without a terminal", async () => {
    const { exit, stderr, requests } = await dome(["operators", "revoke", ID]);
    expect({ exit, requests }).toEqual({ exit: 2, requests: [] });
    expect(stderr).toContain(`next: dome operators revoke ${ID} --yes\n`);
    expect(await dome(["operators", "revoke", ID, "--yes"], { replies: [revoked] })).toMatchObject({
      exit: 0,
      requests: [`DELETE /api/v1/operators/${ID}`],
    });
  });
});

describe("a token that is about to end", () => {
  const self = (expires: string | null) =>
    json(200, {
      subject: "ada@example.com",
      token: ID,
      role: "security",
      workspaces: ["a"],
      expires_at: expires,
    });
  const told = async (expires: string | null) =>
    (await dome(["whoami"], { replies: [self(expires)] })).stderr.split("\n")[0];

  test("is told by whoami during its last 14 days, and not before", async () => {
    expect(await told("2026-12-07T09:00:00.000Z")).toBe(
      "warning: this token expires in 14 days, at 2026-12-07 09:00:00 UTC.",
    );
    expect(await told("2026-11-24T10:00:00.000Z")).toContain("expires in 1 day,");
    expect(await told("2026-11-23T10:00:00.000Z")).toContain("expires in less than a day,");
    expect(await told("2026-12-07T09:00:00.001Z")).toBe("");
    expect(await told(null)).toBe("");
  });

  test("is told with the command that replaces it, and whoami shows role, workspaces and end", async () => {
    const { stdout, stderr } = await dome(["whoami"], { replies: [self(NOW)] });
    expect(stderr).toContain(`next: ask an admin to run dome operators rotate ${ID} --overlap 24h\n`);
    expect(stdout).toContain("role        security\nworkspaces  a\n");
    expect(stdout).toContain("expires     2026-11-23 09:00:00 UTC (now)\n");
  });
});

describe("dome operators revoke --subject", () => {
  const other = operator({ id: NEXT_ID });
  const dead = operator({ id: "opt_01k9v3m8q2x7n5r4t6w0y1z2a5", state: "revoked" });
  const self = {
    subject: "ada@example.com",
    role: "admin",
    token: ID,
    description: null,
    workspaces: null,
    created_at: NOW,
    expires_at: ENDS,
  };
  const replies = [
    ({ method, url }: { readonly method: string; readonly url: string }) => {
      const { pathname } = new URL(url);
      if (pathname.endsWith("/self")) return json(200, self);
      if (method === "GET") return json(200, { items: [operator(), dead, other], next_cursor: null });
      const id = pathname.endsWith(ID) ? ID : NEXT_ID;
      return json(200, { id, changed: true, operator: operator({ id, state: "revoked" }) });
    },
  ];
  const revokes = (requests: readonly string[]) => requests.filter((each) => !each.startsWith("GET"));

  test("revokes every live token, the one in use last: without it the others could not be", async () => {
    const words = ["operators", "revoke", "--subject", "ada@example.com", "--yes"];
    const { exit, stdout, stderr, requests } = await dome(words, { replies });
    expect([exit, stderr.includes("error")]).toEqual([0, false]);
    expect(revokes(requests).map((each) => each.split("/").at(-1))).toEqual([NEXT_ID, ID]);
    expect(stdout).toBe("Revoked 2 of 2 tokens of ada@example.com.\n");
  });

  test("asks for the subject, and without a terminal wants --yes", async () => {
    const words = ["operators", "revoke", "--subject", "ada@example.com"];
    const blind = await dome(words, { replies });
    expect([blind.exit, revokes(blind.requests)]).toEqual([2, []]);
    const other = await dome(words, { replies, typed: "bob" });
    expect([other.exit, revokes(other.requests)]).toEqual([1, []]);
  });
});
