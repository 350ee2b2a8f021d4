import { describe, expect, test } from "vitest";
import { json, problem } from "../client/fake-service.ts";
import { DECISION_ID, halt, HALT_ID, WORKSPACE_ID } from "../client/samples.ts";
import type { Workspace } from "../../../src/contract/workspace.ts";
import { dome } from "./run-cli.ts";

const home: Workspace = {
  id: WORKSPACE_ID,
  name: "support",
  description: null,
  created_at: "2026-11-23T09:00:00.000Z",
  config_epoch: 7,
  halted: false,
};
const COMMITTED = halt({ kind: "workspace", agents: [], halt_epoch: 2 });
const EFFECTIVE = halt({
  ...COMMITTED,
  effective_at: "2026-11-23T09:00:02.500Z",
  effective_in_ms: 0,
  last_admitted: { decision_id: DECISION_ID, time: "2026-11-23T09:00:00.400Z" },
});
const halted = {
  workspace: WORKSPACE_ID,
  halted: true,
  changed: true,
  effective_in_ms: 2500,
  halt: COMMITTED,
};

describe("dome workspaces halt", () => {
  test("without a terminal wants --yes, and halts nothing before it has it", async () => {
    const { exit, stderr, requests } = await dome(["workspaces", "halt", "support"]);
    expect({ exit, stderr, requests }).toEqual({
      exit: 2,
      stderr:
        "error: halting stops every agent of the workspace, and there is no terminal to ask\n" +
        "next: dome workspaces halt support --yes\n",
      requests: [],
    });
  });

  test("on a terminal asks for the name, and takes no other answer", async () => {
    const asked = await dome(["workspaces", "halt", "support"], {
      typed: "support\n",
      replies: [json(202, halted)],
    });
    expect(asked.questions).toEqual(["Halting support stops every agent in it. Type its name to go on: "]);
    expect(asked.exit).toBe(0);
    for (const typed of ["", "y", "yes", "suppor"]) {
      const { exit, requests } = await dome(["workspaces", "halt", "support"], { typed });
      expect({ exit, requests }).toEqual({ exit: 1, requests: [] });
    }
  });

  test("with --wait shows committed, waiting, effective, the last admitted decision and the acts cut (P3)", async () => {
    const words = ["workspaces", "halt", "support", "--yes", "--wait", "--reason", "leaked key"];
    const { exit, stdout, stderr, requests, service } = await dome(words, {
      replies: [json(202, halted), json(200, EFFECTIVE)],
    });
    expect(exit).toBe(0);
    expect(service.seen[0]?.body).toBe('{"reason":"leaked key"}');
    expect(stderr).toBe(
      `committed   ${HALT_ID} at 2026-11-23 09:00:00 UTC\n` +
        "waiting     2.5 s until no door admits a call any more\n" +
        "effective   at 2026-11-23 09:00:02.500 UTC, 2.5 s after the commit\n" +
        `admitted    ${DECISION_ID} at 2026-11-23 09:00:00.400 UTC, last\n` +
        "cut         0 acts\n",
    );
    expect(stdout).toBe(
      `support is halted. The stop ${HALT_ID} is effective since 2026-11-23 09:00:02.500 UTC (now).\n`,
    );
    expect(requests).toEqual([
      "POST /api/v1/workspaces/support/halt",
      `GET /api/v1/workspaces/support/halts/${HALT_ID}`,
    ]);
  });

  test("ends with exit code 5 after 10 s, and names the command that shows the receipt later", async () => {
    const { exit, stderr } = await dome(["workspaces", "halt", "support", "--yes", "--wait"], {
      replies: [json(202, halted), json(200, { ...COMMITTED, effective_in_ms: 0 })],
    });
    expect(exit).toBe(5);
    expect(stderr).toContain(`next: dome workspaces halts support ${HALT_ID}\n`);
  });
});

test("dome workspaces resume returns 300 ms after the commit, when no isolate keeps the old answer", async () => {
  const { stdout, service } = await dome(["workspaces", "resume", "support"], {
    replies: [json(200, { ...halted, halted: false, effective_in_ms: 0, halt: null })],
  });
  expect({ stdout, slept: service.slept }).toEqual({
    stdout: "The agents of support may act again.\n",
    slept: [300],
  });
});

describe("dome workspaces update", () => {
  test("changes what was read, and nothing newer", async () => {
    const words = ["workspaces", "update", "support", "--description", "the help desk"];
    const { service, requests } = await dome(words, {
      replies: [json(200, home), json(200, { ...home, description: "the help desk", config_epoch: 8 })],
    });
    expect(requests).toEqual(["GET /api/v1/workspaces/support", "PATCH /api/v1/workspaces/support"]);
    expect(service.seen[1]?.headers.get("if-match")).toBe('"7"');
    expect(service.seen[1]?.body).toBe('{"description":"the help desk"}');
  });

  test("says so when somebody was quicker", async () => {
    const { exit, stderr } = await dome(["workspaces", "update", "support", "--description", "x"], {
      replies: [json(200, home), problem(412, "precondition_failed")],
    });
    expect(exit).toBe(1);
    expect(stderr).toContain("next: dome workspaces show support\n");
  });
});

test("dome workspaces halts shows the receipt of a halt with its epoch", async () => {
  const { stdout } = await dome(["workspaces", "halts", "support", HALT_ID], {
    replies: [json(200, EFFECTIVE)],
  });
  expect(stdout).toContain("kind           workspace\n");
  expect(stdout).toContain("halt epoch     2\n");
  expect(stdout).toContain(`last admitted  ${DECISION_ID} at 2026-11-23 09:00:00.400 UTC (now)\n`);
});
