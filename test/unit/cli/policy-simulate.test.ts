/** `dome policy simulate`: pages put together, grouped, and an exit code for jobs. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PolicyReplayed } from "../../../src/contract/policy.ts";
import { json } from "../client/fake-service.ts";
import { AGENT_ID } from "../client/samples.ts";
import { dome, newHome } from "./run-cli.ts";

const ULID = "01k9v3m8q2x7n5r4t6w0y1z2a8";
/** In place of the file of the draft. */
const FILE = "draft.cedar";
const DRAFT = '@id("a") forbid (principal, action, resource);';

type Changed = PolicyReplayed["changed"][number];

const changed = (resource: string, time: string, more: Partial<Changed> = {}): Changed => ({
  decision_id: `dec_${ULID}`,
  time,
  agent: AGENT_ID,
  agent_name: "triage",
  action: "tool:use",
  resource,
  recorded: "allow",
  before: { decision: "allow", reason: "permitted", detail: "It is permitted.", policies: [] },
  after: {
    decision: "deny",
    reason: "policy_forbidden",
    detail: `workspace/a forbids ${resource} to the agent triage.`,
    policies: ["workspace/a"],
  },
  assumed: false,
  ...more,
});

const page = (more: Partial<PolicyReplayed>): Response =>
  json(200, { replayed: 0, changed: [], drifted: 0, skipped: [], next_cursor: null, ...more });

const simulate = (words: readonly string[], ...replies: readonly Response[]) => {
  const file = join(newHome(), FILE);
  writeFileSync(file, DRAFT);
  const argv = words.map((word) => (word === FILE ? file : word));
  return dome(["policy", "simulate", ...argv], { replies: [...replies] });
};

describe("a simulation", () => {
  test("puts all pages together: the newly denied first, those with most calls before others", async () => {
    const allowed = { ...changed("crm", "").before, policies: ["workspace/b"] };
    const { exit, stdout, service } = await simulate(
      [FILE, "--json"],
      page({
        replayed: 100,
        drifted: 1,
        changed: [
          changed("crm", "2026-11-20T12:00:00.000Z", { after: allowed }),
          changed("pay/list", "2026-11-20T11:00:00.000Z"),
          changed("pay/refund", "2026-11-20T10:00:00.000Z"),
        ],
        skipped: [{ gap: "arguments", resource: "silent/x", calls: 2 }],
        next_cursor: "czE",
      }),
      page({
        replayed: 7,
        changed: [changed("pay/refund", "2026-11-20T09:00:00.000Z", { assumed: true })],
        skipped: [{ gap: "arguments", resource: "silent/x", calls: 3 }],
      }),
    );
    expect(exit).toBe(0);
    const found = JSON.parse(stdout) as object;
    expect(found).toMatchObject({
      replayed: 107,
      drifted: 1,
      newly_denied: 3,
      newly_allowed: 1,
      complete: true,
      skipped: [{ gap: "arguments", resource: "silent/x", calls: 5 }],
      groups: [
        { resource: "pay/refund", calls: 2, assumed: 1, last: "2026-11-20T10:00:00.000Z" },
        { resource: "pay/list", calls: 1, assumed: 0 },
        { resource: "crm", calls: 1, becomes: "allow" },
      ],
    });
    const bodies = service.seen.map(({ body }) => JSON.parse(body ?? "") as object);
    expect(bodies[0]).not.toHaveProperty("cursor");
    expect(bodies[1]).toMatchObject({ source: DRAFT, cursor: "czE" });
  });

  test("exits with 3 when more calls would be newly denied than --fail-over allows, for a job to see", async () => {
    const two = () =>
      page({
        replayed: 2,
        changed: [changed("pay", "2026-11-20T10:00:00.000Z"), changed("crm", "2026-11-20T10:00:00.000Z")],
      });
    const over = await simulate([FILE, "--fail-over", "1"], two());
    expect(over.exit).toBe(3);
    expect(over.stdout).toContain("2 calls decided again. 2 newly denied, 0 newly allowed.");
    expect(over.stderr).toContain("error: 2 calls would be newly denied, and --fail-over allows 1\n");
    expect((await simulate([FILE, "--fail-over", "2"], two())).exit).toBe(0);
  });

  test("says what was not decided again, and why, and that older calls were not looked at", async () => {
    const { stdout } = await simulate(
      [FILE, "--most", "2"],
      page({ skipped: [{ gap: "erased", resource: "crm", calls: 2 }], next_cursor: "czE" }),
    );
    expect(stdout).toContain("2 calls of crm: a policy reads personal data that was erased\n");
    expect(stdout).toContain("There are older calls in this time. Look at more with --most.\n");
  });

  test.each([[[]], [[FILE, "--draft", "3"]], [[FILE, "--shadow"]]])(
    "takes one draft, and says so before it asks the service: %j",
    async (words) => {
      const { exit, stderr, service } = await simulate(words);
      expect(exit).toBe(2);
      expect(stderr).toContain("Give one draft: a file, --draft VERSION, or --shadow");
      expect(service.seen).toEqual([]);
    },
  );
});
