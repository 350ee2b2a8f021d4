/** `dome policy suggest` and `dome agents redeclare`: what agents declare and do not use. */
import { describe, expect, test } from "vitest";
import type { PolicySuggestion } from "../../../src/contract/suggestion.ts";
import { json } from "../client/fake-service.ts";
import { agent, AGENT_ID } from "../client/samples.ts";
import { dome } from "./run-cli.ts";

const ITEM = { kind: "tool", declared_on: "2026-09-01" } as const;
const NARROW = "dome agents update triage --remove-tool crm/delete --workspace support";
const SUGGESTION: PolicySuggestion = {
  agent: AGENT_ID,
  name: "triage",
  workspace: "support",
  since: "2026-10-24",
  known_from: "2026-09-01",
  unused: [
    { ...ITEM, name: "crm/delete", last_used_on: "2026-09-30" },
    { ...ITEM, name: "crm/merge", last_used_on: null },
  ],
  young: [],
  surface: { tools: ["crm/find"], pools: [], integrations: [] },
  command: NARROW,
  policy: '@id("unused-1")\nforbid (principal, action, resource == Dome::LocalTool::"crm/delete");\n',
  would_deny: [],
};

describe("a suggestion", () => {
  test("names what is unused, the command that narrows the surface, and the policies that would", async () => {
    const words = ["policy", "suggest", "--agent", "triage", "--workspace", "support", "--since", "30d"];
    const { stdout, stderr, requests } = await dome(words, { replies: [json(200, SUGGESTION)] });
    expect(requests[0]).toMatch(
      /^GET \/api\/v1\/agents\/triage\/suggestion\?workspace=support&since=2026-10-24T/,
    );
    expect(stdout).toContain("tool crm/delete (used 2026-09-30)");
    expect(stdout).toContain("tool crm/merge (never used)");
    expect(stdout).toMatch(/^would deny +no call since then$/m);
    expect(stdout).toContain('As policies, for dome policy push FILE --agent triage:\n\n@id("unused-1")\n');
    expect(stderr).toBe(`next: ${NARROW}\n`);
  });

  test("of an agent that uses all of it names no next command and no policies", async () => {
    const nothing = { ...SUGGESTION, unused: [], command: null, policy: null };
    const { stdout, stderr } = await dome(["policy", "suggest", "--agent", "triage"], {
      replies: [json(200, nothing)],
    });
    expect(stdout).not.toContain("As policies");
    expect(stderr).toBe("");
  });
});

describe("a declaration that is made again", () => {
  const words = ["agents", "redeclare", "triage"];
  const redeclared = (...items: readonly string[]) =>
    json(200, { agent: agent({ name: "triage" }), redeclared: items });

  test("names what is in use again", async () => {
    const { stdout, service, requests } = await dome(
      [...words, "--tool", "crm/delete", "--tool", "crm/merge", "--pool", "fast"],
      { replies: [redeclared("tool:crm/delete", "tool:crm/merge")] },
    );
    expect(requests).toEqual(["POST /api/v1/agents/triage/redeclare"]);
    expect(JSON.parse(service.seen[0]?.body ?? "")).toEqual({
      tools: ["crm/delete", "crm/merge"],
      pools: ["fast"],
      integrations: [],
      all: false,
    });
    expect(stdout).toBe("triage declares again: tool:crm/delete, tool:crm/merge.\n");
  });

  test("says when nothing has lapsed, and needs to be told what is meant before it asks the service", async () => {
    const { stdout } = await dome([...words, "--all"], { replies: [redeclared()] });
    expect(stdout).toBe("Nothing of triage has lapsed or is about to.\n");
    const { exit, stderr, service } = await dome(words);
    expect(exit).toBe(2);
    expect(stderr).toContain("Name what is to be declared again, or --all");
    expect(service.seen).toEqual([]);
  });
});
