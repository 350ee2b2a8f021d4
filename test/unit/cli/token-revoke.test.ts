import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SECRET } from "../client/samples.ts";
import { dome, newHome, SERVICE_URL, TOKEN } from "./run-cli.ts";

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const CALL_TOKEN = `${part({ alg: "ES256" })}.${part({ jti: "tok_1" })}.c2ln`;
const DONE = new Response(null, { status: 200 });

test("ends the token on stdin as the operator of the context, and never shows it", async () => {
  const ended = await dome(["token", "revoke"], { stdin: `${CALL_TOKEN}\n`, replies: [DONE] });
  expect(ended).toMatchObject({ exit: 0, requests: ["POST /api/v1/auth/revoke"] });
  expect(ended.stdout).toBe(
    "tok_1 and every token exchanged from it are revoked; no door accepts them after 2.6 s.\n",
  );
  const [sent] = ended.service.seen;
  expect(sent?.headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
  expect(sent?.body).toBe(`token=${CALL_TOKEN}`);
});

test("ends the token in a file as the agent, where there is an agent key", async () => {
  const file = join(newHome(), "token");
  writeFileSync(file, CALL_TOKEN);
  const env = { DOME_URL: SERVICE_URL, DOME_AGENT_KEY: SECRET };
  const ended = await dome(["token", "revoke", file, "--quiet"], { env, replies: [DONE] });
  expect(ended).toMatchObject({ exit: 0, stdout: "tok_1\n" });
  expect(ended.service.seen[0]?.headers.get("authorization")).toBe(`Bearer ${SECRET}`);
});

test("a token is never an argument, and something else than a token is not sent", async () => {
  expect(await dome(["token", "revoke", CALL_TOKEN])).toMatchObject({ exit: 2, requests: [] });
  expect(await dome(["token", "revoke"], { stdin: "hello" })).toMatchObject({ exit: 2, requests: [] });
});

test("ends the API key in a file by that key itself: whoever has found it needs nothing else", async () => {
  const file = join(newHome(), "found.key");
  writeFileSync(file, `${SECRET}\n`);
  for (const env of [{ DOME_URL: SERVICE_URL }, undefined]) {
    const ended = await dome(["token", "revoke", file], { ...(env && { env }), replies: [DONE] });
    expect(ended).toMatchObject({ exit: 0, requests: ["POST /api/v1/auth/revoke"] });
    expect(ended.stdout).toBe(
      "The key and every token exchanged from it are revoked; no door accepts them after 2.6 s.\n",
    );
    expect(ended.stdout + ended.stderr).not.toContain(SECRET);
    const [sent] = ended.service.seen;
    expect(sent?.headers.get("authorization")).toBe(`Bearer ${SECRET}`);
    expect(sent?.body).toBe(`token=${SECRET}`);
  }
});

test("an API key on stdin ends itself too, whatever other credential there is, and shows no id", async () => {
  const other = `dome_at_${"O".repeat(49)}`;
  for (const env of [{ DOME_URL: SERVICE_URL, DOME_AGENT_KEY: other }, { DOME_URL: SERVICE_URL }]) {
    const world = { env, stdin: `${SECRET}\n`, replies: [DONE] };
    const ended = await dome(["token", "revoke", "--json"], world);
    expect(ended.exit).toBe(0);
    expect(JSON.parse(ended.stdout)).toEqual({ jti: null, revoked: true });
    expect(ended.service.seen[0]?.headers.get("authorization")).toBe(`Bearer ${SECRET}`);
  }
});

test("what two parsers read differently is no token: one of them would show what the other does not see", async () => {
  const twice = Buffer.from('{"jti":"tok_1","jti":"tok_2"}').toString("base64url");
  const stdin = `${part({ alg: "ES256" })}.${twice}.c2ln`;
  expect(await dome(["token", "revoke"], { stdin })).toMatchObject({ exit: 2, requests: [] });
});
