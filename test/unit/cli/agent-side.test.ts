import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT, type JWK } from "jose";
import { describe, expect, test } from "vitest";
import type { Decision, Explanation } from "../../../src/contract/check.ts";
import { hangUp, json, problem, refusalOf, type Reply } from "../client/fake-service.ts";
import { AGENT_ID, DECISION_ID, KEY_ID, SECRET, TXN_ID, workspace, WORKSPACE_ID } from "../client/samples.ts";
import { dome, homeWithContexts, newHome, SERVICE_URL, TOKEN } from "./run-cli.ts";

const AS_AGENT = { DOME_URL: SERVICE_URL, DOME_AGENT_KEY: SECRET };

const ALLOW: Decision = {
  decision: "allow",
  decision_id: DECISION_ID,
  reason: "permitted",
  layer: "policy",
  detail: "zendesk/create_ticket is declared, and the baseline permits what is declared.",
  change: null,
  policies: ["baseline"],
  bundle_version: "baseline-1",
  txn: TXN_ID,
  request_id: "req_1",
};
const DENY: Decision = {
  ...ALLOW,
  decision: "deny",
  reason: "surface_undeclared",
  layer: "surface",
  detail: "The agent has not declared tool jira.",
  change: { detail: "Declare tool jira.", command: "dome agents update a --add-tool jira", role: "operator" },
};

describe("dome check", () => {
  test("prints decision, reason, layer and what would change it; a deny is exit code 3", async () => {
    const { exit, stdout, stderr } = await dome(["check", "jira"], {
      env: AS_AGENT,
      replies: [json(200, DENY)],
    });
    expect(exit).toBe(3);
    expect(stdout).toBe(`deny  The agent has not declared tool jira.

reason       surface_undeclared
layer        surface
decision     dec_01k9v3m8q2x7n5r4t6w0y1z2a8
transaction  txn_01k9v3m8q2x7n5r4t6w0y1z2a9

To change it: Declare tool jira.
  dome agents update a --add-tool jira   # role operator
`);
    expect(stderr).toBe(`next: dome explain ${DECISION_ID}\n`);
  });

  test("an allow is exit code 0, and --json and --quiet keep the codes", async () => {
    expect(
      await dome(["check", "zendesk/create_ticket"], { env: AS_AGENT, replies: [json(200, ALLOW)] }),
    ).toMatchObject({
      exit: 0,
      stderr: "",
    });
    const asJson = await dome(["check", "jira", "--json"], { env: AS_AGENT, replies: [json(200, DENY)] });
    expect(asJson.exit).toBe(3);
    expect(JSON.parse(asJson.stdout)).toEqual(DENY);
    const quiet = await dome(["check", "jira", "--quiet"], { env: AS_AGENT, replies: [json(200, DENY)] });
    expect(quiet).toMatchObject({ exit: 3, stdout: `${DECISION_ID}\n`, stderr: "" });
  });

  test.each([
    [["zendesk/create_ticket"], { tool: "zendesk/create_ticket" }],
    [["tool", "zendesk"], { tool: "zendesk" }],
    [["model", "premium-reasoning/m1"], { model: "premium-reasoning/m1" }],
    [["integration", "salesforce"], { integration: "salesforce" }],
    [["--tool", "zendesk"], { tool: "zendesk" }],
    [["--model", "p"], { model: "p" }],
    [["--integration", "i"], { integration: "i" }],
    [["--action", "llm:embed", "--resource", "p/m"], { action: "llm:embed", resource: "p/m" }],
    [["zendesk", "--args", '{"priority":"high"}'], { tool: "zendesk", arguments: { priority: "high" } }],
  ])("asks about one thing: %j", async (words, question) => {
    const { service } = await dome(["check", ...words], { env: AS_AGENT, replies: [json(200, ALLOW)] });
    expect(JSON.parse(service.seen[0]?.body ?? "")).toEqual(question);
  });

  test.each([
    [[]],
    [["a", "--tool", "b"]],
    [["--tool", "a", "--model", "b"]],
    [["pool", "a"]],
    [["tool", "a", "b"]],
    [["--action", "tool:use"]],
    [["--resource", "a"]],
  ])("takes no other question: %j", async (words) => {
    expect(await dome(["check", ...words], { env: AS_AGENT })).toMatchObject({ exit: 2, requests: [] });
  });
});

describe("an agent's credential", () => {
  const asked = { replies: [json(200, ALLOW)] };
  const bearerOf = ({ service }: Awaited<ReturnType<typeof dome>>) =>
    service.seen[0]?.headers.get("authorization");

  test("comes from DOME_AGENT_KEY, a file, or stdin, and goes to the URL of the context", async () => {
    const home = homeWithContexts();
    const file = join(home, "agent.key");
    writeFileSync(file, `${SECRET}\n`);
    const fromEnv = await dome(["check", "a"], { home, env: { DOME_AGENT_KEY: SECRET }, ...asked });
    const fromFile = await dome(["check", "a", "--key-file", file], { home, env: {}, ...asked });
    const fromStdin = await dome(["check", "a", "--key-file", "-"], {
      home,
      env: {},
      stdin: SECRET,
      ...asked,
    });
    expect([fromEnv, fromFile, fromStdin].map(bearerOf)).toEqual([
      `Bearer ${SECRET}`,
      `Bearer ${SECRET}`,
      `Bearer ${SECRET}`,
    ]);
    expect(fromEnv.service.seen[0]?.url).toBe(`${SERVICE_URL}/api/v1/check`);
  });

  test("is never the operator's: without one the command stops (exit 4)", async () => {
    expect(await dome(["check", "a"], { home: homeWithContexts(), env: {} })).toMatchObject({
      exit: 4,
      stderr:
        "error: no agent credential\nnext: set DOME_AGENT_KEY to the agent's API key, or add --key-file FILE (- for stdin)\n",
      requests: [],
    });
    for (const DOME_AGENT_KEY of [TOKEN, "something else"]) {
      const { exit, stderr, requests } = await dome(["check", "a"], {
        env: { DOME_URL: SERVICE_URL, DOME_AGENT_KEY },
      });
      expect({ exit, requests }).toEqual({ exit: 2, requests: [] });
      expect(stderr).not.toContain(DOME_AGENT_KEY);
    }
  });

  test("that is dead, and an agent that is not active, are exit code 4", async () => {
    const dead = await dome(["check", "a"], { env: AS_AGENT, replies: [problem(401, "invalid_token")] });
    expect(dead).toMatchObject({ exit: 4 });
    expect(dead.stderr).toContain("next: dome agents list\n");
    const body = {
      error: "unauthorized_client",
      error_description: "The agent is suspended.",
      dome_error: "agent_suspended",
    };
    const stopped = await dome(["token", "issue"], { env: AS_AGENT, replies: [json(400, body)] });
    expect(stopped).toMatchObject({ exit: 4, stdout: "" });
    expect(stopped.stderr).toContain("error: The agent is suspended. (agent_suspended)\n");
  });
});

describe("dome explain", () => {
  const EXPLANATION: Explanation = {
    decision: "deny",
    decision_id: DECISION_ID,
    time: "2026-11-23T09:00:00.000Z",
    workspace_id: WORKSPACE_ID,
    agent: AGENT_ID,
    chain: [{ agent: AGENT_ID, key: KEY_ID, epoch: 1 }],
    user: { id: "usr_mzxw6ytboi2dknrvgaztcmjqgy", email: "alice@example.com" },
    names: { [AGENT_ID]: "support-triage", [WORKSPACE_ID]: "support" },
    action: "tool:use",
    resource: "jira",
    reason: "surface_undeclared",
    layer: "surface",
    detail: "The agent has not declared tool jira.",
    change: DENY.change,
    policies: [],
    bundle_version: "baseline-1",
    txn: TXN_ID,
    request_id: "req_1",
    released: true,
    headers: {},
    outcome: null,
    seq: 12,
    shadow: null,
    reported: [],
  };

  test("shows how a call ended, with the record of that, and the headers that were decided on", async () => {
    const outcome = {
      record: `evt_${DECISION_ID.slice(4)}`,
      time: EXPLANATION.time,
      outcome: "failed",
      reason: "upstream_unreachable",
      who: "upstream",
      status: 502,
      latency_ms: 12,
      sent: 40,
      received: null,
    };
    const { stdout } = await dome(["explain", DECISION_ID], {
      replies: [json(200, { ...EXPLANATION, outcome, headers: { "x-tenant": "t1" } })],
    });
    for (const line of [
      /^headers +x-tenant: t1$/m,
      /^outcome +failed \(upstream_unreachable, by upstream\)$/m,
      /^status +502$/m,
      /^latency +12 ms$/m,
      /^sent +40 bytes$/m,
      /^received +-$/m,
      new RegExp(`^its record +${outcome.record}$`, "m"),
    ])
      expect(stdout).toMatch(line);
  });

  test("shows a recorded decision in full, as the operator", async () => {
    const { stdout, requests } = await dome(["explain", DECISION_ID], { replies: [json(200, EXPLANATION)] });
    expect(requests).toEqual([`GET /api/v1/decisions/${DECISION_ID}`]);
    expect(stdout).toBe(`deny  The agent has not declared tool jira.

decision       dec_01k9v3m8q2x7n5r4t6w0y1z2a8
time           2026-11-23 09:00:00 UTC (now)
reason         surface_undeclared
layer          surface
action         tool:use
resource       jira
agent          support-triage (agt_01k9v3m8q2x7n5r4t6w0y1z2a3)
for            alice@example.com (usr_mzxw6ytboi2dknrvgaztcmjqgy)
chain          support-triage (key_01k9v3m8q2x7n5r4t6w0y1z2a4, epoch 1)
workspace      support (wsp_01k9v3m8q2x7n5r4t6w0y1z2a7)
policies       -
bundle         baseline-1
transaction    txn_01k9v3m8q2x7n5r4t6w0y1z2a9
request        req_1
released       yes
headers        -
outcome        -
in the ledger  seq 12

To change it: Declare tool jira.
  dome agents update a --add-tool jira   # role operator
`);
  });

  describe("-A", () => {
    const workspaces = json(200, { items: [workspace("support"), workspace("billing")], next_cursor: null });
    const missing = refusalOf(404, "not_found", "decision");
    const env = { DOME_URL: SERVICE_URL, DOME_TOKEN: TOKEN, DOME_WORKSPACE: "support" };

    test("finds the decision in whichever workspace recorded it, whatever workspace is chosen", async () => {
      const { exit, stdout, requests } = await dome(["explain", DECISION_ID, "-A", "--quiet"], {
        env,
        replies: [workspaces, missing, json(200, EXPLANATION)],
      });
      expect([exit, stdout]).toEqual([0, `${DECISION_ID}\n`]);
      expect(requests.slice(1)).toEqual([
        `GET /api/v1/decisions/${DECISION_ID}?workspace=support`,
        `GET /api/v1/decisions/${DECISION_ID}?workspace=billing`,
      ]);
    });

    test("says when none of them recorded it", async () => {
      const { exit, stderr } = await dome(["explain", DECISION_ID, "-A"], {
        env,
        replies: [workspaces, missing, missing],
      });
      expect(exit).toBe(1);
      expect(stderr).toBe(
        `error: no workspace that you may see has recorded the decision ${DECISION_ID}\n` +
          "next: dome audit list --kind decision -A\n",
      );
    });

    test("is the next command where one workspace has not recorded it", async () => {
      const { stderr } = await dome(["explain", DECISION_ID], { env, replies: [missing] });
      expect(stderr).toContain(`next: dome explain ${DECISION_ID} -A\n`);
    });

    test.each([["--as-agent"], ["--key-file", "key"]])(
      "does not go with %s: an agent asks in its own workspace",
      async (...flags) => {
        expect(await dome(["explain", DECISION_ID, "-A", ...flags], { env })).toMatchObject({
          exit: 2,
          requests: [],
        });
      },
    );
  });

  test("asks with the agent's credential only when it is told to", async () => {
    const both = { DOME_URL: SERVICE_URL, DOME_TOKEN: TOKEN, DOME_AGENT_KEY: SECRET };
    const bearer = async (...flags: string[]) => {
      const { service } = await dome(["explain", DECISION_ID, ...flags], {
        env: both,
        replies: [json(200, EXPLANATION)],
      });
      return service.seen[0]?.headers.get("authorization");
    };
    expect(await bearer()).toBe(`Bearer ${TOKEN}`);
    expect(await bearer("--as-agent")).toBe(`Bearer ${SECRET}`);
  });
});

describe("dome token", () => {
  test("issue prints the token alone on stdout, what it may do on stderr", async () => {
    const answer = {
      access_token: "eyJh.eyJz.c2ln",
      token_type: "Bearer",
      expires_in: 300,
      scope: "tool:zendesk",
    };
    const { exit, stdout, stderr, service } = await dome(["token", "issue", "--scope", "tool:zendesk"], {
      env: AS_AGENT,
      replies: [json(200, answer)],
    });
    expect({ exit, stdout, stderr }).toEqual({
      exit: 0,
      stdout: "eyJh.eyJz.c2ln\n",
      stderr: "valid for 300 s, scope: tool:zendesk\n",
    });
    expect(service.seen[0]?.body).toBe("grant_type=client_credentials&scope=tool%3Azendesk");
  });

  async function signed(issuer: string): Promise<{ token: string; jwk: JWK }> {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    const token = await new SignJWT({ scope: "surface" })
      .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "k1" })
      .setIssuer(issuer)
      .setExpirationTime(1_795_424_700)
      .sign(privateKey);
    return { token, jwk: { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256", use: "sig" } };
  }

  const publishing =
    (jwk: JWK): Reply =>
    (seen) =>
      seen.url.endsWith("jwks.json") ? json(200, { keys: [jwk] }) : json(200, { issuer: SERVICE_URL });

  test("inspect decodes, and verifies with the keys of the service", async () => {
    const { token, jwk } = await signed(SERVICE_URL);
    const { exit, stdout } = await dome(["token", "inspect"], {
      stdin: `${token}\n`,
      replies: [publishing(jwk)],
    });
    expect(exit).toBe(0);
    expect(stdout).toBe(`type       at+jwt
scope      surface
iss        https://dome.example.com
exp        2026-11-23 09:05:00 UTC (in 5 min)
signature  made by https://dome.example.com
`);
  });

  test("inspect is exit code 1 for a token that another key has made, or another issuer names", async () => {
    const { token } = await signed(SERVICE_URL);
    const { jwk } = await signed(SERVICE_URL);
    const forged = await dome(["token", "inspect"], { stdin: token, replies: [publishing(jwk)] });
    expect(forged).toMatchObject({
      exit: 1,
      stderr: "error: do not trust this token: no key of https://dome.example.com has signed it\n",
    });
    const foreign = await signed("https://evil.example");
    const answer = await dome(["token", "inspect", "--json"], {
      stdin: foreign.token,
      replies: [publishing(foreign.jwk)],
    });
    expect(answer.exit).toBe(1);
    expect(JSON.parse(answer.stdout)).toMatchObject({
      verified: false,
      claims: { iss: "https://evil.example" },
    });
    expect(answer.service.seen.every(({ url }) => url.startsWith(SERVICE_URL))).toBe(true);
  });

  test("inspect works offline, and says that it has not verified", async () => {
    const { token } = await signed(SERVICE_URL);
    const { exit, stdout } = await dome(["token", "inspect", "--json"], {
      stdin: token,
      replies: [hangUp()],
    });
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ header: { typ: "at+jwt" }, verified: null });
    const nowhere = await dome(["token", "inspect"], { stdin: token, env: {}, home: newHome() });
    expect(nowhere.stdout).toContain("signature  not verified: no service is chosen\n");
  });

  test("inspect takes no token as an argument, which every process could read", async () => {
    const { token } = await signed(SERVICE_URL);
    const { exit, stderr } = await dome(["token", "inspect", token]);
    expect(exit).toBe(2);
    expect(stderr).not.toContain(token);
    for (const text of ["", "a.b", "a.b.c.d", "!!.!!.!!", "W10.W10.x"]) {
      expect(await dome(["token", "inspect"], { stdin: text })).toMatchObject({ exit: 2, requests: [] });
    }
  });
});
