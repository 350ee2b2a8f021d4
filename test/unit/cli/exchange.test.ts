/** `dome token exchange`, `dome check --act-as`, and what `dome token inspect` says of a delegated token. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hangUp, json } from "../client/fake-service.ts";
import { DECISION_ID, SECRET, TXN_ID } from "../client/samples.ts";
import { agent, honestChain, WHOLE } from "../delegation/fixture.ts";
import { encode, ISSUER, makeIssuer, mint, USER } from "../tokens/fixture.ts";
import { dome, newHome, SERVICE_URL } from "./run-cli.ts";

const AS_AGENT = { DOME_URL: SERVICE_URL, DOME_AGENT_KEY: SECRET };
const issuer = await makeIssuer();
const callToken = await mint(issuer);
const idToken = `${encode({ alg: "RS256", typ: "JWT" })}.${encode({ sub: "alice" })}.c2ln`;
const ISSUED = {
  access_token: "eyJh.eyJz.c2ln",
  issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
  token_type: "Bearer",
  expires_in: 300,
  scope: "tool:crm",
};
const TYPE = "urn:ietf:params:oauth:token-type:";

const exchange = (flags: readonly string[], stdin: string, reply = json(200, ISSUED)) =>
  dome(["token", "exchange", ...flags], { env: AS_AGENT, stdin, replies: [reply] });
const formOf = ({ service }: Awaited<ReturnType<typeof dome>>) =>
  Object.fromEntries(new URLSearchParams(service.seen[0]?.body ?? ""));

describe("dome token exchange", () => {
  test("prints the token alone on stdout, what it may do on stderr", async () => {
    const outcome = await exchange(["--subject", "-"], `${idToken}\n`);
    expect(outcome).toMatchObject({
      exit: 0,
      stdout: "eyJh.eyJz.c2ln\n",
      stderr: "valid for 300 s, scope: tool:crm\n",
      requests: ["POST /api/v1/auth/token"],
    });
    expect(outcome.service.seen[0]?.headers.get("authorization")).toBe(`Bearer ${SECRET}`);
    expect(formOf(outcome)).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: idToken,
      subject_token_type: `${TYPE}id_token`,
    });
  });

  test("--json is the body", async () => {
    expect(JSON.parse((await exchange(["--subject", "-", "--json"], idToken)).stdout)).toEqual(ISSUED);
  });

  test("takes a call token for an access token, and everything else for an ID token, unless told", async () => {
    const typeOf = async (token: string, ...flags: string[]) =>
      formOf(await exchange(["--subject", "-", ...flags], token))["subject_token_type"];
    expect(await typeOf(callToken)).toBe(`${TYPE}access_token`);
    expect(await typeOf(idToken)).toBe(`${TYPE}id_token`);
    expect(await typeOf(idToken, "--subject-type", "jwt")).toBe(`${TYPE}jwt`);
  });

  test("sends actor, scope and audience where they are given", async () => {
    const actor = join(newHome(), "actor");
    writeFileSync(actor, callToken);
    const flags = ["--subject", "-", "--actor", actor, "--scope", "tool:crm", "--audience", `${ISSUER}/v1`];
    expect(formOf(await exchange(flags, idToken))).toMatchObject({
      actor_token: callToken,
      actor_token_type: `${TYPE}access_token`,
      scope: "tool:crm",
      resource: `${ISSUER}/v1`,
    });
  });

  test.each([
    ["invalid_request", "subject_token_invalid", "next: dome token inspect FILE"],
    [
      "invalid_request",
      "actor_unauthorized",
      "next: ask an operator to run dome agents update DELEGATOR --add-delegate THIS_AGENT\n",
    ],
    ["invalid_request", "actor_mismatch", "next: leave out --actor"],
  ])("says %s with its description, what Dome calls it, and what to try", async (error, dome_error, next) => {
    const body = { error, error_description: "The delegator does not name you.", dome_error };
    const { exit, stdout, stderr } = await exchange(["--subject", "-"], idToken, json(400, body));
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
    expect(stderr).toContain(
      `error: The delegator does not name you. (${dome_error})\n  oauth error: ${error}\n`,
    );
    expect(stderr).toContain(next);
  });

  test.each([
    ["invalid_scope", "next: leave out --scope, or narrow it"],
    ["invalid_target", "next: leave out --audience"],
    ["unsupported_grant_type", "next: dome version"],
  ])("says %s, for which Dome has no other name, and what to try", async (error, next) => {
    const body = { error, error_description: "It is wider." };
    const { exit, stderr } = await exchange(["--subject", "-"], idToken, json(400, body));
    expect(exit).toBe(1);
    expect(stderr).toContain(`error: It is wider. (${error})\nnext: `);
    expect(stderr).toContain(next);
  });

  test("an agent that is not active is exit code 4", async () => {
    const body = {
      error: "unauthorized_client",
      error_description: "The agent is suspended.",
      dome_error: "agent_suspended",
    };
    expect(await exchange(["--subject", "-"], idToken, json(400, body))).toMatchObject({ exit: 4 });
  });

  test("takes no token as an argument, nothing that is no token, and stdin once", async () => {
    for (const [flags, stdin] of [
      [["--subject", callToken], ""],
      [["--subject", "-"], "not a token"],
      [["--subject", "-", "--actor", "-"], callToken],
      [["--subject", "-", "--key-file", "-"], callToken],
      [["--subject", "-", "--subject-type", "saml2"], callToken],
      [[], callToken],
    ] as const) {
      const { exit, stderr, requests } = await exchange(flags, stdin);
      expect({ flags, exit, requests }).toEqual({ flags, exit: 2, requests: [] });
      expect(stderr).not.toContain(callToken);
    }
  });
});

describe("dome check --act-as", () => {
  const decision = {
    decision: "allow",
    decision_id: DECISION_ID,
    reason: "permitted",
    layer: "policy",
    detail: "Permitted.",
    change: null,
    policies: [],
    bundle_version: "baseline-1",
    txn: TXN_ID,
    request_id: "req_1",
  };

  test("sends the user's ID token in a header, and the agent's key as before", async () => {
    const { exit, service } = await dome(["check", "crm/read", "--act-as", "-"], {
      env: AS_AGENT,
      stdin: `${idToken}\n`,
      replies: [json(200, decision)],
    });
    expect(exit).toBe(0);
    expect(service.seen[0]?.headers.get("dome-act-as")).toBe(idToken);
    expect(service.seen[0]?.headers.get("authorization")).toBe(`Bearer ${SECRET}`);
    expect(service.seen[0]?.headers.get("content-type")).toBe("application/json");
  });

  test("sends no such header without it", async () => {
    const { service } = await dome(["check", "crm/read"], { env: AS_AGENT, replies: [json(200, decision)] });
    expect(service.seen[0]?.headers.has("dome-act-as")).toBe(false);
  });
});

describe("dome token inspect", () => {
  test("shows who acts for whom, the transaction, and a line for each receipt", async () => {
    const { token } = await honestChain(issuer, { user: true, hops: [WHOLE, WHOLE] });
    const { stdout } = await dome(["token", "inspect"], { stdin: token, replies: [hangUp()] });
    const lines = stdout.split("\n").map((line) => line.replace(/ {2,}/, "  "));
    expect(lines).toContain(`sub  ${USER}`);
    expect(lines).toContain(`act  ${agent(2)} for ${agent(1)}`);
    expect(lines).toContain("txn  txn_00000000000000000000000001");
    expect(lines).toContain("receipts  2, newest first; dome chain verify checks them");
    expect(lines).toContain(
      `receipt 0  ${agent(2)} at 2026-11-23 09:00:01 UTC, scope surface, because of delegates_to`,
    );
  });

  test("shows what a stranger put there, and does not stumble over it", async () => {
    const claims = { act: { sub: 7, act: "x" }, actor_receipts: ["x", 7], iat: 1e300 };
    const token = `${encode({ alg: "none" })}.${encode(claims)}.c2ln`;
    const { exit, stdout } = await dome(["token", "inspect"], { stdin: token, replies: [hangUp()] });
    expect(exit).toBe(0);
    expect(stdout).toMatch(/receipt 0 +not readable/);
  });
});
