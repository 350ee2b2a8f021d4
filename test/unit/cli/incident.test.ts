/* oxlint-disable unicorn/no-thenable -- the word of the interface, and no function */
/** Drain, cascade, and stops of many agents at once. */
import { describe, expect, test } from "vitest";
import type { Halt } from "../../../src/contract/halt.ts";
import { json, problem, type Reply } from "../client/fake-service.ts";
import { agent, AGENT_ID, DECISION_ID, halt, HALT_ID, transition } from "../client/samples.ts";
import { dome } from "./run-cli.ts";

const DEADLINE = "2026-11-23T09:05:00.000Z";
const DEADLINE_SHOWN = "2026-11-23 09:05:00 UTC";
const draining = { deadline: DEADLINE, then: "suspended", halt: HALT_ID, hold: false } as const;
const DRAINS = transition({ state: "active", draining, effective_in_ms: 302_500, halt: null });
const EFFECTIVE_AT = "2026-11-23T09:00:02.500Z";
const EFFECTIVE_SHOWN = "2026-11-23 09:00:02.500 UTC";
const effective = (over: Partial<Halt> = {}): Halt =>
  halt({ effective_at: EFFECTIVE_AT, effective_in_ms: 0, ...over });

describe("dome agents suspend --drain", () => {
  test("asks for the drain in seconds, and says when it ends, what then, and how to cancel it", async () => {
    const { exit, stdout, stderr, service } = await dome(["agents", "suspend", "bot", "--drain", "5m"], {
      replies: [json(202, DRAINS)],
    });
    expect(exit).toBe(0);
    expect(service.seen[0]?.body).toBe('{"reason":null,"drain_seconds":300}');
    expect(stdout).toBe(
      `bot takes no new work; it is suspended at ${DEADLINE_SHOWN} (in 5 min), effective in 302.5 s. The stop will be ${HALT_ID}.\n`,
    );
    expect(stderr).toBe("to cancel: dome agents activate bot; to stop now: dome agents suspend bot\n");
  });

  test.each(["2h", "3601s", "soon"])("does not take %s: a drain lasts at most an hour", async (time) => {
    const { exit, requests } = await dome(["agents", "suspend", "bot", "--drain", time]);
    expect({ exit, requests }).toEqual({ exit: 2, requests: [] });
  });

  test("with --wait tells draining, committed, waiting, effective, admitted, cut", async () => {
    const replies: Reply[] = [
      json(202, transition({ state: "active", draining, effective_in_ms: 3_500, halt: null })),
      json(200, agent({ state: "suspended" })),
      json(200, halt()),
      json(200, effective()),
    ];
    const { exit, stdout, stderr } = await dome(["agents", "suspend", "bot", "--drain", "1s", "--wait"], {
      replies,
    });
    expect(exit).toBe(0);
    expect(stderr).toBe(
      `draining    until ${DEADLINE_SHOWN}; no new work is taken\n` +
        `committed   ${HALT_ID} at 2026-11-23 09:00:00 UTC\n` +
        "waiting     2.5 s until no door admits a call any more\n" +
        `effective   at ${EFFECTIVE_SHOWN}, 2.5 s after the commit\n` +
        "admitted    no call in the ledger\n" +
        "cut         0 acts\n",
    );
    expect(stdout).toBe(
      `bot is suspended. The stop ${HALT_ID} is effective since ${EFFECTIVE_SHOWN} (1 s ago).\n`,
    );
  });

  test("with --wait ends when the drain is cancelled, and says what the agent is", async () => {
    const { exit, stderr } = await dome(["agents", "suspend", "bot", "--drain", "5m", "--wait"], {
      replies: [json(202, DRAINS), json(200, agent({ state: "active" })), problem(404, "not_found")],
    });
    expect(exit).toBe(1);
    expect(stderr).toContain("the drain was cancelled, or another stop came first: the agent is active\n");
    expect(stderr).toContain("next: dome agents show bot\n");
  });

  test("tells a drain that is refused because one is under way", async () => {
    const { exit, stderr } = await dome(["agents", "suspend", "bot", "--drain", "5m"], {
      replies: [problem(409, "drain_conflict")],
    });
    expect(exit).toBe(1);
    expect(stderr).toContain("next: dome agents show bot\n");
  });
});

test("dome agents suspend --cascade --wait shows how far the family is, and ends when all of it is stopped", async () => {
  const cascade = { total: 4, committed: 4, effective: 4, complete: true };
  const begun = halt({ cascade: { total: 1, committed: 1, effective: 0, complete: false } });
  const { stdout, stderr, service } = await dome(["agents", "suspend", "bot", "--cascade", "--wait"], {
    replies: [json(202, transition({ halt: begun })), json(200, effective({ cascade }))],
  });
  expect(service.seen[0]?.body).toBe('{"reason":null,"cascade":true}');
  expect(stderr).toContain("family      4 agents: 4 committed, 4 effective\n");
  expect(stdout).toBe(
    `bot is suspended with 3 descendants. The stop ${HALT_ID} is effective since ${EFFECTIVE_SHOWN} (now).\n`,
  );
});

const OTHER_ID = AGENT_ID.replace(/3$/, "9") as typeof AGENT_ID;
const OTHER_HALT = HALT_ID.replace(/6$/, "7") as typeof HALT_ID;
const alpha = agent({ name: "alpha", state: "active" });
const beta = agent({ name: "beta", state: "active", id: OTHER_ID });
const page = (...items: unknown[]) => json(200, { items, next_cursor: null });
const stoppedBeta = transition({ agent: OTHER_ID, halt: halt({ id: OTHER_HALT }) });

describe("a stop of many agents", () => {
  test("prints the list first, and without a terminal wants --yes before it stops anything", async () => {
    const { exit, stderr, requests } = await dome(["agents", "suspend", "--label", "team=support"], {
      replies: [page(alpha, beta)],
    });
    expect(exit).toBe(2);
    expect(stderr).toContain("alpha");
    expect(stderr).toContain("beta");
    expect(stderr).toContain(
      "error: 2 agents would be stopped, and there is no terminal to ask\n" +
        "next: dome agents suspend --label team=support --yes\n",
    );
    expect(requests).toEqual(["GET /api/v1/agents?label=team%3Dsupport&limit=200"]);
  });

  test("asks on a terminal for their number, and takes no other answer", async () => {
    const words = ["agents", "revoke", "--owner", "ada@example.com"];
    const agreed = await dome(words, {
      typed: "2\n",
      replies: [page(alpha, beta), json(202, transition()), json(202, stoppedBeta)],
    });
    expect(agreed.questions).toEqual(["Revoking is final. Revoke these 2 agents? Type 2 to go on: "]);
    expect(agreed.exit).toBe(0);
    for (const typed of ["", "y", "3"]) {
      const { exit, requests } = await dome(words, { typed, replies: [page(alpha, beta)] });
      expect({ exit, sent: requests.length }).toEqual({ exit: 1, sent: 1 });
    }
  });

  test("with --wait ends with one table of receipts: committed, effective, last admitted, cut", async () => {
    const last_admitted = { decision_id: DECISION_ID, time: "2026-11-23T09:00:00.400Z" };
    const replies: Reply[] = [
      json(200, alpha),
      json(200, beta),
      json(202, transition()),
      json(202, stoppedBeta),
      json(200, effective({ last_admitted })),
      json(200, effective({ id: OTHER_HALT })),
    ];
    const words = ["agents", "suspend", "alpha", "beta", "--yes", "--wait"];
    const { exit, stdout, stderr, requests } = await dome(words, { replies });
    expect(exit).toBe(0);
    expect(stdout).toBe(
      "NAME   STATE      COMMITTED                EFFECTIVE                    LAST ADMITTED                CUT  STOP\n" +
        `alpha  suspended  2026-11-23 09:00:00 UTC  2026-11-23 09:00:02.500 UTC  2026-11-23 09:00:00.400 UTC  0    ${HALT_ID}\n` +
        `beta   suspended  2026-11-23 09:00:00 UTC  2026-11-23 09:00:02.500 UTC  -                            0    ${OTHER_HALT}\n`,
    );
    expect(stderr).toContain("committed   2 of 2 agents\neffective   2 of 2 agents\n");
    expect(requests.slice(2)).toEqual([
      `POST /api/v1/agents/${AGENT_ID}/suspend`,
      `POST /api/v1/agents/${OTHER_ID}/suspend`,
      `GET /api/v1/agents/${AGENT_ID}/halts/${HALT_ID}`,
      `GET /api/v1/agents/${OTHER_ID}/halts/${OTHER_HALT}`,
    ]);
  });

  test("goes on when one of them cannot be stopped, says which, and ends with exit code 1", async () => {
    const { exit, stdout, stderr } = await dome(["agents", "suspend", "alpha", "beta", "--yes"], {
      replies: [json(200, alpha), json(200, beta), problem(409, "agent_lost"), json(202, stoppedBeta)],
    });
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^alpha {2}failed/m);
    expect(stdout).toMatch(/^beta {3}suspended/m);
    expect(stderr).toContain("error: alpha: what is wrong: agent_lost (agent_lost)\n");
  });

  test("counts one that was never activated as stopped: it does not run", async () => {
    const { exit, stdout } = await dome(["agents", "suspend", "alpha", "beta", "--yes"], {
      replies: [
        json(200, agent({ name: "alpha" })),
        json(200, beta),
        problem(409, "invalid_transition"),
        json(202, stoppedBeta),
      ],
    });
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^alpha {2}provisioned {2}nothing to stop/m);
  });

  test("stops nothing when a name is wrong, or when nobody is meant", async () => {
    const wrong = await dome(["agents", "suspend", "alpha", "nobody", "--yes"], {
      replies: [json(200, alpha), problem(404, "not_found")],
    });
    expect(wrong.exit).toBe(1);
    expect(wrong.stderr).toBe(
      "error: no agent nobody exists, or the token may not see it; nothing was stopped\nnext: dome agents list\n",
    );
    expect(wrong.requests.every((request) => request.startsWith("GET "))).toBe(true);
    const none = await dome(["agents", "suspend", "--owner", "x", "--yes"], { replies: [page()] });
    expect(none).toMatchObject({
      exit: 1,
      stderr:
        "error: no agent that could be stopped matches --owner x; nothing was stopped\nnext: dome agents list --owner x\n",
    });
  });

  test("with --json prints what became of each", async () => {
    const { stdout } = await dome(["agents", "suspend", "alpha", "beta", "--yes", "--json"], {
      replies: [json(200, alpha), json(200, beta), json(202, transition()), problem(409, "agent_lost")],
    });
    expect(JSON.parse(stdout)).toEqual([
      { agent: AGENT_ID, name: "alpha", transition: transition(), error: null },
      {
        agent: OTHER_ID,
        name: "beta",
        transition: null,
        error: { code: "agent_lost", detail: "what is wrong: agent_lost" },
      },
    ]);
  });

  test.each([[["agents", "suspend"]], [["agents", "suspend", "alpha", "--owner", "x"]]])(
    "%j: is either names or a choice",
    async (words) => {
      const { exit, stderr } = await dome(words);
      expect({ exit, stderr }).toEqual({
        exit: 2,
        stderr:
          "error: name the agents, or choose them with --label, --steward or --owner\nnext: dome agents suspend --help\n",
      });
    },
  );
});
