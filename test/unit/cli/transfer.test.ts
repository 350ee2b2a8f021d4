import { describe, expect, test } from "vitest";
import type { Agent, AgentTransferred } from "../../../src/contract/agent.ts";
import { json, problem } from "../client/fake-service.ts";
import { agent, AGENT_ID } from "../client/samples.ts";
import { dome } from "./run-cli.ts";

const BOB = "bob@example.com";
const CAROL = "carol@example.com";
const OTHER_ID = "agt_01k9v3m8q2x7n5r4t6w0y1z2b4";
const alpha = agent({ name: "alpha", steward: BOB });
const beta = agent({ name: "beta", id: OTHER_ID, steward: BOB });
const page = (...items: readonly Agent[]) => json(200, { items, next_cursor: null });
const moved = (from: Agent, over: Partial<AgentTransferred> = {}) =>
  json(200, {
    agent: { ...from, steward: CAROL },
    changed: true,
    from: from.steward,
    warnings: [],
    ...over,
  });
const unknown = {
  code: "unknown_steward",
  member: "to",
  detail: "carol@example.com is not yet the owner or steward of any agent in this workspace.",
  near: null,
  command: "dome agents list --steward carol@example.com",
};
const FROM_BOB = ["agents", "transfer", "--from", BOB, "--to", CAROL];

describe("dome agents transfer", () => {
  test("says who answers for the agent now, and who did before", async () => {
    const words = [
      "agents",
      "transfer",
      "alpha",
      "--to",
      CAROL,
      "--workspace",
      "support",
      "--reason",
      "Bob leaves",
    ];
    const { exit, stdout, stderr, requests, service } = await dome(words, { replies: [moved(alpha)] });
    expect({ exit, stdout, stderr }).toEqual({
      exit: 0,
      stdout: `alpha: ${CAROL} is the steward now; before, it was ${BOB}.\n`,
      stderr: "",
    });
    expect(requests).toEqual(["POST /api/v1/agents/alpha/transfer?workspace=support"]);
    expect(JSON.parse(service.seen[0]?.body ?? "")).toEqual({ to: CAROL, reason: "Bob leaves" });
  });

  test("says that it was so already, and warns of a name that nobody knows", async () => {
    const again = moved({ ...alpha, steward: CAROL }, { changed: false, warnings: [unknown] as never });
    const { stdout, stderr } = await dome(["agents", "transfer", "alpha", "--to", CAROL], {
      replies: [again],
    });
    expect(stdout).toBe(`alpha: ${CAROL} is already the steward.\n`);
    expect(stderr).toBe(`warning: ${unknown.detail}\n  next: ${unknown.command}\n`);
  });

  test("lists many first, and without a terminal wants --yes, with a command that works when it is pasted", async () => {
    const words = [...FROM_BOB, "--label", "team=support", "-A"];
    const { exit, stderr, requests } = await dome(words, { replies: [page(alpha, beta)] });
    expect(exit).toBe(2);
    expect(stderr).toContain("alpha");
    expect(stderr).toContain(
      "error: 2 agents would be transferred, and there is no terminal to ask\n" +
        `next: dome agents transfer --from ${BOB} --to ${CAROL} --label team=support -A --yes\n`,
    );
    expect(requests).toEqual([
      "GET /api/v1/agents?steward=bob%40example.com&label=team%3Dsupport&all_workspaces=true&limit=200",
    ]);
  });

  test("transfers each only from whom it was listed for", async () => {
    const { exit, stdout, questions, service } = await dome(FROM_BOB, {
      typed: "2\n",
      replies: [page(alpha, beta), moved(alpha), moved(beta)],
    });
    expect(exit).toBe(0);
    expect(questions).toEqual([`Transfer these 2 agents to ${CAROL}? Type 2 to go on: `]);
    expect(stdout.split("\n")[1]).toBe(`alpha  default    ${CAROL}  ${BOB}  ${AGENT_ID}`);
    expect(service.seen.slice(1).map(({ body }) => JSON.parse(body ?? "") as unknown)).toEqual([
      { from: BOB, to: CAROL, reason: null },
      { from: BOB, to: CAROL, reason: null },
    ]);
  });

  test("takes no other answer than the number", async () => {
    const { exit, stderr, requests } = await dome(FROM_BOB, { typed: "3", replies: [page(alpha, beta)] });
    expect({ exit, sent: requests.length }).toEqual({ exit: 1, sent: 1 });
    expect(stderr).toContain("error: the number does not match; nothing was transferred\n");
  });

  test("goes on when one fails, says which, and says a warning once", async () => {
    const warned = moved(beta, { warnings: [unknown] as never });
    const { exit, stdout, stderr } = await dome([...FROM_BOB, "--yes"], {
      replies: [page(alpha, beta, beta), problem(409, "agent_lost"), warned, warned],
    });
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^alpha {2}default {4}failed/m);
    expect(stderr).toContain("error: alpha: what is wrong: agent_lost (agent_lost)\n");
    expect(stderr.split(unknown.detail)).toHaveLength(2);
  });

  test.each([
    ["many", [...FROM_BOB, "--dry-run"], page(alpha, beta)],
    ["one", ["agents", "transfer", "alpha", "--to", CAROL, "--dry-run"], json(200, alpha)],
  ])("shows with --dry-run %s and changes nothing", async (_what, words, reply) => {
    const { exit, stdout, stderr, requests } = await dome(words, { replies: [reply] });
    expect({ exit, stderr }).toEqual({
      exit: 0,
      stderr: "Nothing was transferred: this was a dry run.\n",
    });
    expect(stdout).toContain("alpha");
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatch(/^GET /);
  });

  test("fails when nobody's agents are meant, and says where it looked", async () => {
    const none = await dome([...FROM_BOB, "--workspace", "support", "--yes"], { replies: [page()] });
    expect(none).toMatchObject({
      exit: 1,
      stderr:
        `error: no agent in the workspace support has the steward ${BOB}; nothing was transferred\n` +
        `next: dome agents list --steward ${BOB} --all-workspaces\n`,
    });
  });

  test.each([
    [["agents", "transfer", "--to", CAROL], "name the agent, or choose agents with --from"],
    [["agents", "transfer", "alpha", ...FROM_BOB.slice(2)], "name the agent, or choose agents with --from"],
    [["agents", "transfer", "alpha", "--to", CAROL, "-A"], "--label and --all-workspaces go with --from"],
    [
      ["agents", "transfer", "alpha", "--to", CAROL, "--label", "a=b"],
      "--label and --all-workspaces go with --from",
    ],
  ])("%j is a usage error", async (words, message) => {
    const { exit, stderr, requests } = await dome(words);
    expect({ exit, requests }).toEqual({ exit: 2, requests: [] });
    expect(stderr).toBe(`error: ${message}\nnext: dome agents transfer --help\n`);
  });
});
