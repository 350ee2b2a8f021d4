import { describe, expect, test } from "vitest";
import type { Agent } from "../../../src/contract/agent.ts";
import type { OperatorView } from "../../../src/contract/operator.ts";
import { json, problem, type Reply, type Seen } from "../client/fake-service.ts";
import { agent, WORKSPACE_ID } from "../client/samples.ts";
import { dome } from "./run-cli.ts";

const BOB = "bob@example.com";
const CAROL = "carol@example.com";
const ISSUER = "https://login.example.com";
const NOW = "2026-11-23T09:00:00.000Z";
const LIVE = "opt_01k9v3m8q2x7n5r4t6w0y1z2a3";
const DEAD = "opt_01k9v3m8q2x7n5r4t6w0y1z2a4";
const OFFBOARD = ["operators", "offboard", BOB, "--to", CAROL];

const token = (over: Partial<OperatorView> = {}): OperatorView => ({
  id: LIVE,
  subject: BOB,
  role: "operator",
  description: null,
  workspaces: null,
  state: "live",
  last4: "SSSS",
  created_at: NOW,
  created_by: "admin",
  expires_at: "2027-02-21T09:00:00.000Z",
  revoked_at: null,
  last_used_at: null,
  replaces: null,
  version: 1,
  ...over,
});

const workspace = (name: string) => ({
  id: WORKSPACE_ID,
  name,
  created_at: NOW,
  description: null,
  config_epoch: 1,
  halted: false,
});

interface There {
  readonly me?: string;
  readonly tokens?: readonly OperatorView[];
  readonly admins?: readonly OperatorView[];
  readonly agents?: readonly Agent[];
  readonly owned?: readonly Agent[];
  readonly fails?: (seen: Seen) => boolean;
}

/** A service that has these things, whatever it is asked first. */
const service =
  ({ me = "admin", tokens = [], admins = [], agents = [], owned = [], fails }: There): Reply =>
  (seen) => {
    const { pathname, searchParams } = new URL(seen.url);
    const page = (items: readonly unknown[]) => json(200, { items, next_cursor: null });
    if (fails?.(seen) === true) return problem(409, "agent_lost");
    if (seen.method === "DELETE") {
      const state = "revoked" as const;
      return json(200, { id: LIVE, changed: true, operator: token({ state, revoked_at: NOW }) });
    }
    if (pathname.endsWith("/transfer")) {
      const [moved = agent()] = agents;
      return json(200, { agent: { ...moved, steward: CAROL }, changed: true, from: BOB, warnings: [] });
    }
    if (pathname.endsWith("/users/stop")) {
      const user = `usr_${"a".repeat(26)}`;
      return json(202, {
        workspace: WORKSPACE_ID,
        stopped: true,
        changed: true,
        effective_in_ms: 0,
        halt: null,
        user,
      });
    }
    if (pathname.endsWith("/self"))
      return json(200, { subject: me, token: "admin", role: "admin", workspaces: null, expires_at: null });
    if (pathname.endsWith("/identity-providers")) return page([]);
    if (pathname.endsWith("/users")) return problem(422, "unknown_reference");
    if (pathname.endsWith("/operators")) return page(searchParams.has("role") ? admins : tokens);
    if (pathname.endsWith("/workspaces")) return page([workspace("support"), workspace("sales")]);
    return page(searchParams.has("owner") ? owned : agents);
  };

const changes = (requests: readonly string[]): string[] =>
  requests.filter((each) => !each.startsWith("GET "));

const bobs: There = {
  tokens: [token(), token({ id: DEAD, state: "revoked" })],
  agents: [agent({ name: "alpha", steward: BOB })],
};

describe("dome operators offboard", () => {
  test("with --dry-run lists live tokens, agents and workspaces, and changes nothing", async () => {
    const words = [...OFFBOARD, "--user", ISSUER, "00u1", "--dry-run"];
    const { exit, stdout, stderr, requests } = await dome(words, { replies: [service(bobs)] });
    expect({ exit, changes: changes(requests) }).toEqual({ exit: 0, changes: [] });
    expect(stdout).toContain(LIVE);
    expect(stdout).not.toContain(DEAD);
    expect(stdout).toContain("alpha");
    expect(stdout).toContain(`user to stop\n00u1 of ${ISSUER}, in support, sales\n`);
    expect(stderr).toBe(
      "warning: no workspace knows the user: is the issuer or the subject misspelt?\n" +
        "Nothing was changed: this was a dry run.\n",
    );
    expect(requests).toContain("GET /api/v1/agents?steward=bob%40example.com&all_workspaces=true&limit=200");
  });

  test("ends the tokens first, lists the agents anew and transfers them, then stops the user everywhere", async () => {
    const words = [...OFFBOARD, "--user", ISSUER, "00u1", "--reason", "left", "--yes"];
    const outcome = await dome(words, { replies: [service(bobs)] });
    expect(outcome.exit).toBe(0);
    const { id } = agent();
    const from = outcome.requests.indexOf(`DELETE /api/v1/operators/${LIVE}`);
    expect(outcome.requests.slice(from)).toEqual([
      `DELETE /api/v1/operators/${LIVE}`,
      "GET /api/v1/agents?steward=bob%40example.com&all_workspaces=true&limit=200",
      `POST /api/v1/agents/${id}/transfer`,
      "POST /api/v1/workspaces/support/users/stop",
      "POST /api/v1/workspaces/sales/users/stop",
    ]);
    const bodies = outcome.service.seen.filter(({ method }) => method === "POST").map(({ body }) => body);
    expect(bodies.map((body) => JSON.parse(body ?? "") as unknown)).toEqual([
      { from: BOB, to: CAROL, reason: "left" },
      { issuer: ISSUER, subject: "00u1", reason: "left" },
      { issuer: ISSUER, subject: "00u1", reason: "left" },
    ]);
    expect(outcome.stdout).toBe(
      `${BOB}: 1 of 1 operator tokens are revoked.\n${CAROL} is the steward of 1 of 1 agents.\n` +
        "The user is stopped in 2 of 2 workspaces, effective within seconds.\n",
    );
  });

  test("asks for the subject on a terminal; elsewhere it wants --yes, with all that was said", async () => {
    const no = await dome(OFFBOARD, { typed: "y", replies: [service(bobs)] });
    expect({ exit: no.exit, changes: changes(no.requests) }).toEqual({ exit: 1, changes: [] });
    expect(no.questions).toEqual([
      `Offboard ${BOB}? Revoked operator tokens cannot be restored. Type the subject to go on: `,
    ]);
    expect(no.stderr).toContain("error: the subject does not match; nothing was changed\n");
    const yes = await dome(OFFBOARD, { typed: BOB, replies: [service(bobs)] });
    expect(yes.exit).toBe(0);
    const words = [...OFFBOARD, "--user", ISSUER, "00u1", "--tenant", "t1", "--reason", "left us"];
    const { exit, stderr } = await dome(words, { replies: [service(bobs)] });
    expect(exit).toBe(2);
    expect(stderr).toContain(
      `next: dome operators offboard ${BOB} --to ${CAROL} --user ${ISSUER} 00u1 --tenant t1 --reason 'left us' --yes\n`,
    );
  });

  test("warns when the last operator token with the role admin goes", async () => {
    const admin = token({ role: "admin" });
    const warned = async (admins: readonly OperatorView[]) =>
      (await dome([...OFFBOARD, "--dry-run"], { replies: [service({ tokens: [admin], admins })] })).stderr;
    expect(await warned([admin, token({ id: DEAD, state: "revoked" })])).toContain(
      "warning: no other live operator token has the role admin; only DOME_ADMIN_TOKEN may do everything then\n",
    );
    expect(await warned([admin, token({ id: DEAD, subject: CAROL })])).not.toContain("warning");
  });

  test("goes on when something fails, says what, and ends with exit code 1", async () => {
    const fails = ({ method }: Seen): boolean => method === "DELETE";
    const outcome = await dome([...OFFBOARD, "--yes"], { replies: [service({ ...bobs, fails })] });
    expect(outcome.exit).toBe(1);
    expect(outcome.stderr).toContain(`error: ${LIVE}: what is wrong: agent_lost (agent_lost)\n`);
    expect(outcome.stdout).toContain(`${CAROL} is the steward of 1 of 1 agents.`);
  });

  test("says in which workspace the user could not be stopped", async () => {
    const words = [...OFFBOARD, "--user", ISSUER, "00u1", "--yes"];
    const fails = ({ url }: Seen): boolean => url.endsWith("/sales/users/stop");
    const { exit, stderr } = await dome(words, { replies: [service({ ...bobs, fails })] });
    expect(exit).toBe(1);
    expect(stderr).toContain("error: the user in sales: what is wrong: agent_lost (agent_lost)\n");
    expect(stderr).not.toContain("the user in support:");
  });

  test("is done already for who has left; a name that was never there is an error", async () => {
    const left = await dome([...OFFBOARD, "--yes"], {
      replies: [service({ owned: [agent({ owner: BOB })] })],
    });
    expect(left).toMatchObject({ exit: 0, stdout: expect.stringContaining("0 of 0 agents") as string });
    const typo = await dome([...OFFBOARD, "--yes"], { replies: [service({})] });
    expect({ exit: typo.exit, changes: changes(typo.requests) }).toEqual({ exit: 1, changes: [] });
    expect(typo.stderr).toContain(`error: no operator token and no agent names ${BOB}; nothing was changed`);
  });

  test("is not done by the one who leaves: the token it is done with would end", async () => {
    const { exit, stderr, requests } = await dome([...OFFBOARD, "--yes"], {
      replies: [service({ ...bobs, me: BOB })],
    });
    expect({ exit, changes: changes(requests) }).toEqual({ exit: 1, changes: [] });
    expect(stderr).toContain(
      "error: you cannot offboard yourself: it would revoke the token that this command uses\n",
    );
  });

  test.each([
    [[...OFFBOARD.slice(0, 4), BOB.toUpperCase()], "--to must name another subject"],
    [[...OFFBOARD, "--user", ISSUER], "--user takes ISSUER and SUBJECT"],
    [[...OFFBOARD, "--user", ISSUER, "a", "b"], "--user takes ISSUER and SUBJECT"],
    [[...OFFBOARD, "--tenant", "t1"], "--tenant goes with --user"],
  ])("%j is a usage error", async (words, message) => {
    const { exit, stderr, requests } = await dome(words);
    expect({ exit, requests }).toEqual({ exit: 2, requests: [] });
    expect(stderr).toContain(`error: ${message}\n`);
  });
});

test("revoking the last operator token with the role admin is warned of", async () => {
  const admin = token({ role: "admin" });
  const revoked = json(200, { id: LIVE, changed: true, operator: { ...admin, state: "revoked" } });
  const { exit, stderr } = await dome(["operators", "revoke", LIVE, "--yes"], {
    replies: [revoked, json(200, { items: [{ ...admin, state: "revoked" }], next_cursor: null })],
  });
  expect(exit).toBe(0);
  expect(stderr).toContain("warning: no other live operator token has the role admin");
});
