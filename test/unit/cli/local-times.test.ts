/* oxlint-disable unicorn/no-thenable -- the word of the interface, and no function */
/** Times for people are on their own clock, with its offset from UTC; for programs they are RFC 3339 in UTC. */
import { describe, expect, test, vi } from "vitest";
import type { Explanation } from "../../../src/contract/check.ts";
import { entry, IDS } from "../audit/transaction.fixture.ts";
import { hangUp, json, type Reply } from "../client/fake-service.ts";
import {
  agent,
  AGENT_ID,
  DECISION_ID,
  halt,
  HALT_ID,
  KEY_ID,
  keyCreated,
  SECRET,
  transition,
  TXN_ID,
  WORKSPACE_ID,
} from "../client/samples.ts";
import { honestChain } from "../delegation/fixture.ts";
import { ISSUER, makeIssuer } from "../tokens/fixture.ts";
import { dome } from "./run-cli.ts";

const SOON = "2026-11-24T09:00:00.000Z";
const RFC_3339 = /\d{4}-\d\d-\d\dT\d\d:\d\d/;
/** Claims of a token are numbers (RFC 7519 §2). */
const FOR_PROGRAMS = /\d{4}-\d\d-\d\dT\d\d:\d\d|"exp": \d{10}\b/;
const COMMITTED = halt({ last_admitted: { decision_id: DECISION_ID, time: "2026-11-23T09:00:00.400Z" } });
const EFFECTIVE = { ...COMMITTED, effective_at: "2026-11-23T09:00:02.500Z", effective_in_ms: 0 };
const DRAINING = transition({
  state: "active",
  draining: { deadline: "2026-11-23T09:00:01.000Z", then: "suspended", halt: HALT_ID, hold: false },
  effective_in_ms: 3_500,
  halt: null,
});
const OPERATOR = {
  id: "opt_01k9v3m8q2x7n5r4t6w0y1z2a3",
  subject: "ada@example.com",
  role: "security",
  description: null,
  workspaces: null,
  state: "live",
  last4: "SSSS",
  created_at: "2026-11-23T09:00:00.000Z",
  created_by: "admin",
  expires_at: SOON,
  revoked_at: null,
  last_used_at: null,
  replaces: null,
  version: 1,
};
const EXPLANATION: Explanation = {
  decision: "deny",
  decision_id: DECISION_ID,
  time: "2026-11-23T09:00:00.000Z",
  workspace_id: WORKSPACE_ID,
  agent: AGENT_ID,
  chain: [{ agent: AGENT_ID, key: KEY_ID, epoch: 1 }],
  user: null,
  names: {},
  action: "tool:use",
  resource: "jira",
  reason: "surface_undeclared",
  layer: "surface",
  detail: "The agent has not declared tool jira.",
  change: null,
  policies: [],
  bundle_version: "baseline-1",
  txn: TXN_ID,
  request_id: "req_1",
  released: true,
  headers: {},
  outcome: null,
  seq: 12,
  shadow: null,
  reported: [
    {
      id: `evt_${"0".repeat(26)}`,
      kind: "sdk.error",
      time: "2026-11-23T09:00:03.000Z",
      agent: AGENT_ID,
      event: {},
    },
  ],
};

const chain = await honestChain(await makeIssuer(), {
  user: true,
  hops: [{ scope: "surface", target: ISSUER }],
});

interface Case {
  readonly words: string;
  readonly replies: readonly Reply[];
  readonly stdin?: string;
}

const CASES: readonly Case[] = [
  {
    words: "agents suspend bot --wait",
    replies: [json(202, transition({ halt: COMMITTED })), json(200, EFFECTIVE)],
  },
  { words: "agents suspend bot --drain 5m", replies: [json(202, DRAINING)] },
  {
    words: "agents suspend bot --drain 1s --wait",
    replies: [
      json(202, DRAINING),
      json(200, agent({ state: "suspended" })),
      json(200, COMMITTED),
      json(200, EFFECTIVE),
    ],
  },
  {
    words: "workspaces halt w --wait --yes",
    replies: [
      json(202, {
        workspace: WORKSPACE_ID,
        halted: true,
        changed: true,
        effective_in_ms: 2_500,
        halt: COMMITTED,
      }),
      json(200, EFFECTIVE),
    ],
  },
  {
    words: `token revoke --txn ${TXN_ID} --workspace w --wait`,
    replies: [
      json(202, {
        workspace: WORKSPACE_ID,
        txn: TXN_ID,
        stopped: true,
        changed: true,
        effective_in_ms: 2_500,
        halt: COMMITTED,
      }),
      json(200, EFFECTIVE),
    ],
  },
  {
    words: `keys revoke bot ${KEY_ID} --wait`,
    replies: [
      json(202, { id: KEY_ID, changed: true, effective_in_ms: 2_500, halt: COMMITTED }),
      json(200, EFFECTIVE),
    ],
  },
  {
    words: "keys issue bot --expires 1d",
    replies: [json(201, keyCreated({ api_key: { id: KEY_ID, secret: SECRET, expires_at: SOON } }))],
  },
  {
    words: "operators create ada@example.com --role security",
    replies: [
      json(201, {
        operator: OPERATOR,
        operator_token: { id: OPERATOR.id, secret: `dome_ot_${"S".repeat(49)}`, expires_at: SOON },
        secret_shown: false,
        replaced: null,
      }),
    ],
  },
  {
    words: "whoami",
    replies: [
      json(200, { subject: "ada", token: OPERATOR.id, role: "admin", workspaces: null, expires_at: SOON }),
    ],
  },
  { words: `explain ${DECISION_ID}`, replies: [json(200, EXPLANATION)] },
  {
    words: `audit chain ${IDS.TXN}`,
    replies: [
      json(200, {
        items: [{ ...entry(5, "transaction.stopped", { reason: "leak" }), names: {} }],
        next_cursor: null,
      }),
    ],
  },
  { words: "token inspect", stdin: chain.token, replies: [hangUp()] },
];

describe.each(CASES)("dome $words", ({ words, ...world }) => {
  test("shows no time but on the reader's clock", async () => {
    const { exit, stdout, stderr } = await dome(words.split(" "), { ...world, timeZone: "Asia/Kolkata" });
    expect(exit).toBe(0);
    expect(stdout + stderr).toMatch(/2026-11-2[34] 14:\d\d:\d\d(?:\.\d{3})? GMT\+5:30/);
    expect(stdout + stderr).not.toMatch(RFC_3339);
  });

  test("is RFC 3339 in UTC with --json, wherever the reader is", async () => {
    const asked = [...words.split(" "), "--json"];
    const { stdout } = await dome(asked, { ...world, timeZone: "Asia/Kolkata" });
    expect(stdout).not.toContain("GMT");
    expect(stdout).toBe((await dome(asked, world)).stdout);
    expect(stdout).toMatch(FOR_PROGRAMS);
  });
});

describe("a refusal of the service", () => {
  const refusal = {
    type: "https://dome.example/problems/held",
    title: "Held",
    status: 403,
    detail: "admin has held the agent since 2026-11-23T09:00:00.500Z.",
    instance: "/api/v1/x",
    code: "held",
  };
  const refused = (form: string) =>
    dome(`agents resume bot ${form}`.trim().split(" "), {
      timeZone: "Asia/Kolkata",
      replies: [json(403, refusal)],
    });

  test("tells people its times on their own clock, as everything else", async () => {
    const { stderr } = await refused("");
    expect(stderr).toContain("has held the agent since 2026-11-23 14:30:00.500 GMT+5:30.");
    expect(stderr).not.toMatch(RFC_3339);
  });

  test("is for programs what the service said", async () => {
    expect((await refused("--json")).stderr).toContain("since 2026-11-23T09:00:00.500Z.");
  });
});

test.each([3, 48])(
  "a list of %d records makes two formatters of times, and not one for every time",
  async (count) => {
    const record = (seq: number) => ({
      ...entry(1, "transaction.stopped", { reason: "leak" }),
      time: `2026-11-23T09:00:00.${seq % 2 === 0 ? "000" : "500"}Z`,
      names: {},
    });
    const items = Array.from({ length: count }, (_, at) => record(at + 1));
    const made = vi.spyOn(Intl, "DateTimeFormat");
    try {
      const { stdout } = await dome(["audit", "list", "-o", "wide"], {
        replies: [json(200, { items, next_cursor: null })],
      });
      expect(stdout.split("\n")).toHaveLength(items.length + 2);
      expect(made.mock.calls.length).toBe(2);
    } finally {
      made.mockRestore();
    }
  },
);
