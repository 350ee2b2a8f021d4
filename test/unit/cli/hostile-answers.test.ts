/**
 * A service that has fallen into other hands, or data that somebody has planted in it: whatever text stands in an answer,
 * it neither steers the terminal nor begins a line of its own. Each text of each answer is made hostile once, in every
 * mode of the command; an answer that the client cannot read is as good as one that it shows safely.
 */
import { describe, expect, test } from "vitest";
import type { Io } from "../../../src/cli/io.ts";
import { guarded } from "../../../src/cli/output.ts";
import { json } from "../client/fake-service.ts";
import { agent, created, DECISION_ID, halt, HALT_ID, keyCreated, KEY_ID } from "../client/samples.ts";
import { dome } from "./run-cli.ts";

/** Sets the title of the window, turns the writing direction, hides, goes back in the line, and forges another line. */
const HOSTILE = "\u001b]0;x\u0007\u202e\u200b\r\nforged: line\u2028forged: line";
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/u;

const NOW = "2026-11-23T09:00:00.000Z";
const SOON = "2026-11-24T09:00:00.000Z";
const OPERATOR = "opt_01k9v3m8q2x7n5r4t6w0y1z2a3";
const operator = {
  id: OPERATOR,
  subject: "ada@example.com",
  role: "security",
  description: "on call",
  workspaces: ["support"],
  state: "live",
  last4: "SSSS",
  created_at: NOW,
  created_by: "admin",
  expires_at: SOON,
  revoked_at: null,
  last_used_at: null,
  replaces: null,
  version: 1,
};
const signingKey = {
  kid: "k1",
  use: "token",
  state: "signing",
  created_at: NOW,
  signs_from: NOW,
  signs_until: null,
  published_until: null,
  compromised_at: null,
  root_key_version: "00000001",
};
const token = { access_token: "eyJ.eyJ.x", token_type: "Bearer", expires_in: 300, scope: "surface" };
const decided = {
  decision: "deny",
  decision_id: DECISION_ID,
  reason: "surface_undeclared",
  layer: "surface",
  detail: "It is not declared.",
  change: { detail: "Declare it.", command: "dome agents update bot", role: "operator" },
  policies: ["baseline"],
  bundle_version: "builtin-1",
  txn: `txn_${"0".repeat(26)}`,
  request_id: "req_1",
};
const secretOperator = {
  operator,
  operator_token: { id: OPERATOR, secret: `dome_ot_${"S".repeat(49)}`, expires_at: SOON },
  secret_shown: false,
  replaced: null,
};
const warnings = [
  {
    code: "not_in_catalog",
    member: "surface.tools",
    detail: "It is missing.",
    near: "zendesk",
    command: "dome tools add x",
  },
];
const AGENT_KEY = { DOME_URL: "https://dome.example.com", DOME_AGENT_KEY: `dome_at_${"A".repeat(49)}` };

const COMMANDS: readonly { readonly argv: string; readonly answer: object; readonly asAgent?: true }[] = [
  {
    argv: "whoami",
    answer: { subject: "ada", token: OPERATOR, role: "admin", workspaces: ["support"], expires_at: SOON },
  },
  { argv: "agents show bot", answer: agent({ description: "x", contact: "y", labels: { team: "a" } }) },
  { argv: "agents list", answer: { items: [agent()], next_cursor: null } },
  { argv: "agents register --name bot --tool zendesk", answer: created({ warnings } as never) },
  { argv: "agents halts bot", answer: { items: [halt()], next_cursor: null } },
  { argv: `agents halts bot ${HALT_ID}`, answer: halt() },
  { argv: "keys issue bot", answer: keyCreated({ replaced: { id: KEY_ID, ends_at: SOON, halt: null } }) },
  { argv: "operators create ada --role security", answer: secretOperator },
  { argv: `operators show ${OPERATOR}`, answer: operator },
  { argv: "signing-keys list", answer: { items: [signingKey], next_cursor: null } },
  { argv: "signing-keys rotate", answer: { changed: false, keys: [signingKey] } },
  {
    argv: "root-key status",
    answer: {
      versions: [
        {
          version: "b",
          place: "older",
          sealed: 0,
          api_keys: 0,
          operator_tokens: 0,
          made: 0,
          may_leave: true,
        },
      ],
    },
  },
  { argv: "token issue", answer: token, asAgent: true },
  { argv: "check zendesk", answer: decided, asAgent: true },
];

type Path = readonly (string | number)[];

function textsIn(value: unknown, at: Path = []): Path[] {
  if (typeof value === "string") return [at];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => textsIn(member, [...at, name]));
}

function withHostile(value: unknown, [step, ...rest]: Path): unknown {
  if (step === undefined) return `${String(value)}${HOSTILE}`;
  if (Array.isArray(value))
    return value.map((each: unknown, at): unknown => (String(at) === step ? withHostile(each, rest) : each));
  const members = Object.entries(value as object);
  return Object.fromEntries(
    members.map(([name, each]) => [name, name === step ? withHostile(each, rest) : each]),
  );
}

describe.each(COMMANDS)("dome $argv", ({ argv, answer, asAgent }) => {
  test.each(["", "--json", "--quiet"])(
    "%s shows no text of the answer as anything but text",
    async (mode) => {
      for (const path of textsIn(answer)) {
        const { stdout, stderr } = await dome([...argv.split(" "), ...mode.split(" ").filter(Boolean)], {
          replies: [json(200, withHostile(answer, path))],
          ...(asAgent === undefined ? {} : { env: AGENT_KEY }),
        });
        for (const [stream, printed] of Object.entries({ stdout, stderr })) {
          expect(printed, `${path.join(".")} on ${stream}`).not.toMatch(UNSEEN);
          expect(printed, `${path.join(".")} on ${stream}`).not.toMatch(/^forged/m);
        }
      }
    },
  );
});

test.each([[], ["--json"], ["--quiet"]])(
  "dome token inspect %j shows names and values of a stranger's token as text",
  async (...mode) => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const text = `${part({ typ: HOSTILE })}.${part({ [HOSTILE]: HOSTILE, jti: HOSTILE, act: { sub: HOSTILE } })}.x`;
    const { stdout, stderr } = await dome(["token", "inspect", ...mode], {
      stdin: text,
      replies: [json(503, {})],
    });
    expect(stdout).toContain("\\u001b]0;x");
    for (const printed of [stdout, stderr]) {
      expect(printed).not.toMatch(UNSEEN);
      expect(printed).not.toMatch(/^forged/m);
    }
  },
);

test("what was written without being made safe steers no terminal, on one that shows colours either", () => {
  const written: string[] = [];
  const sink = { write: (text: string) => void written.push(text), isTTY: true };
  const io = { stdin: {}, stdout: sink, stderr: sink } as unknown as Io;
  guarded(io).stdout.write(`\r\u001b[2K\u001b[1mname\u001b[0m  ${HOSTILE}\r\u001b[2K\u001b[8m\n`);
  expect(written).toEqual([
    "\r\u001b[2K\u001b[1mname\u001b[0m  \\u001b]0;x\\u0007\\u202e\\u200b\r\nforged: line\\u2028forged: line" +
      "\\u000d\\u001b[2K\\u001b[8m\n",
  ]);
});

test("no refusal of the service begins a line of its own either, wherever its texts are", async () => {
  const refusal = {
    type: "/problems/in_use",
    title: "In use",
    status: 409,
    detail: `Agents declare it.${HOSTILE}`,
    instance: `req_1${HOSTILE}`,
    code: `in_use${HOSTILE}`,
    errors: [{ member: `bot${HOSTILE}`, detail: `declares x${HOSTILE}` }],
  };
  const { exit, stderr } = await dome(["tools", "remove", "zendesk"], { replies: [json(409, refusal)] });
  expect(exit).toBe(1);
  expect(stderr).not.toMatch(UNSEEN);
  expect(stderr).not.toMatch(/^forged/m);
});
