import { describe, expect, test } from "vitest";
import { json, problem } from "../client/fake-service.ts";
import { agent, halt, HALT_ID, transition } from "../client/samples.ts";
import { dome } from "./run-cli.ts";

const EFFECTIVE = halt({ effective_at: "2026-11-23T09:00:02.500Z", effective_in_ms: 0 });

describe("dome agents activate and resume", () => {
  test.each(["activate", "resume"])(
    "%s returns 300 ms after the commit, when no isolate keeps the old state",
    async (word) => {
      const { exit, stdout, service, requests } = await dome(["agents", word, "support-triage"], {
        replies: [json(200, transition({ state: "active", halt: null, effective_in_ms: 0 }))],
      });
      expect({ exit, stdout, requests, slept: service.slept }).toEqual({
        exit: 0,
        stdout: "support-triage is active.\n",
        requests: [`POST /api/v1/agents/support-triage/${word}`],
        slept: [300],
      });
    },
  );

  test("says that nothing has changed when it was active already", async () => {
    const { stdout } = await dome(["agents", "activate", "support-triage"], {
      replies: [json(200, transition({ state: "active", changed: false, halt: null, effective_in_ms: 0 }))],
    });
    expect(stdout).toBe("support-triage is active (it was already).\n");
  });

  test("a step that the lifecycle does not have names the command that shows where the agent is", async () => {
    const { exit, stderr } = await dome(["agents", "resume", "support-triage"], {
      replies: [problem(409, "invalid_transition")],
    });
    expect(exit).toBe(1);
    expect(stderr).toContain("next: dome agents show support-triage\n");
  });
});

describe("dome agents suspend", () => {
  test("returns once the stop is committed, and says when it is effective", async () => {
    const { exit, stdout, stderr, service } = await dome(
      ["agents", "suspend", "support-triage", "--reason", "wrong refunds"],
      {
        replies: [json(202, transition())],
      },
    );
    expect(exit).toBe(0);
    expect(service.seen[0]?.body).toBe('{"reason":"wrong refunds"}');
    expect(stdout).toBe(`support-triage is suspended. The stop ${HALT_ID} is effective in 2.5 s.\n`);
    expect(stderr).toBe(`next: dome agents halts support-triage ${HALT_ID}\n`);
  });

  test("with --wait tells committed, waiting, effective in plain lines, and returns when it is effective (P3)", async () => {
    const { exit, stdout, stderr, service, requests } = await dome(
      ["agents", "suspend", "support-triage", "--wait"],
      {
        replies: [json(202, transition()), json(200, halt({ effective_in_ms: 20 })), json(200, EFFECTIVE)],
      },
    );
    expect(exit).toBe(0);
    expect(stderr).toBe(
      `committed   ${HALT_ID} at 2026-11-23 09:00:00 UTC\n` +
        "waiting     2.5 s until no door admits a call any more\n" +
        "effective   at 2026-11-23 09:00:02.500 UTC, 2.5 s after the commit\n" +
        "admitted    no call in the ledger\n" +
        "cut         0 acts\n",
    );
    expect(stdout).toBe(
      `support-triage is suspended. The stop ${HALT_ID} is effective since 2026-11-23 09:00:02.500 UTC (now).\n`,
    );
    expect(requests).toEqual([
      "POST /api/v1/agents/support-triage/suspend",
      `GET /api/v1/agents/support-triage/halts/${HALT_ID}`,
      `GET /api/v1/agents/support-triage/halts/${HALT_ID}`,
    ]);
    expect(service.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(4_000);
  });

  test("with --wait on a terminal keeps one live line", async () => {
    const { stderr } = await dome(["agents", "suspend", "support-triage", "--wait"], {
      terminal: true,
      replies: [json(202, transition()), json(200, EFFECTIVE)],
    });
    const live = stderr.split("\r\u001b[2K");
    expect(live).toHaveLength(27);
    expect(live[1]).toContain("2.5 s until no door admits a call any more");
    expect(live[25]).toContain("0.1 s until no door admits a call any more");
    expect(live[26]).toContain("2.5 s after the commit\n");
    expect(stderr.split("\n")).toHaveLength(5);
  });

  test("with --wait --json prints what the API answers to wait=effective", async () => {
    const { stdout } = await dome(["agents", "suspend", "support-triage", "--wait", "--json"], {
      replies: [json(202, transition()), json(200, EFFECTIVE)],
    });
    expect(JSON.parse(stdout)).toEqual(transition({ effective_in_ms: 0, halt: EFFECTIVE }));
  });

  test("with --wait ends with exit code 5 after 10 s, and says that the stop goes on", async () => {
    const { exit, stderr, service } = await dome(["agents", "suspend", "support-triage", "--wait"], {
      replies: [json(202, transition()), json(200, halt({ effective_in_ms: 0 }))],
    });
    expect(exit).toBe(5);
    expect(stderr).toContain(
      `error: the halt ${HALT_ID} is committed, but was not effective within 10 s; it becomes effective by itself\n` +
        `next: dome agents halts support-triage ${HALT_ID}\n`,
    );
    expect(service.now).toBe(Date.parse("2026-11-23T09:00:10.000Z"));
  });

  test("with --wait has nothing to wait for when nothing was stopped", async () => {
    const { exit, stdout, requests } = await dome(["agents", "suspend", "support-triage", "--wait"], {
      replies: [json(202, transition({ changed: false, halt: null, effective_in_ms: 0 }))],
    });
    expect({ exit, stdout, requests: requests.length }).toEqual({
      exit: 0,
      stdout: "support-triage is suspended (it was already).\n",
      requests: 1,
    });
  });
});

describe("dome agents revoke", () => {
  const revoked = transition({ state: "revoked", halt: halt({ kind: "revoke" }) });

  test("without a terminal wants --yes, and revokes nothing before it has it (P5)", async () => {
    const { exit, stderr, requests } = await dome(["agents", "revoke", "support-triage"]);
    expect({ exit, stderr, requests }).toEqual({
      exit: 2,
      stderr:
        "error: revoking is final, and there is no terminal to ask\nnext: dome agents revoke support-triage --yes\n",
      requests: [],
    });
    const agreed = await dome(["agents", "revoke", "support-triage", "--yes"], {
      replies: [json(202, revoked)],
    });
    expect(agreed).toMatchObject({ exit: 0, requests: ["POST /api/v1/agents/support-triage/revoke"] });
  });

  test("on a terminal asks for the name, and takes no other answer", async () => {
    const asked = await dome(["agents", "revoke", "support-triage"], {
      typed: "support-triage\n",
      replies: [json(202, revoked)],
    });
    expect(asked.questions).toEqual(["Revoking support-triage is final. Type its name to go on: "]);
    expect(asked.exit).toBe(0);
    for (const typed of ["", "y", "yes", "support-triag"]) {
      const { exit, stderr, requests } = await dome(["agents", "revoke", "support-triage"], { typed });
      expect({ exit, stderr, requests }).toEqual({
        exit: 1,
        stderr: "error: the name does not match; nothing was revoked\n",
        requests: [],
      });
    }
  });
});

test("dome agents halts shows the receipt of a stop", async () => {
  const { stdout } = await dome(["agents", "halts", "support-triage", HALT_ID], {
    replies: [json(200, EFFECTIVE)],
  });
  expect(stdout).toBe(`id             hlt_01k9v3m8q2x7n5r4t6w0y1z2a6
kind           suspend
agents         agt_01k9v3m8q2x7n5r4t6w0y1z2a3 (epoch 2)
keys           -
operator       admin (admin)
reason         wrong refunds
committed      2026-11-23 09:00:00 UTC (now)
effective      2026-11-23 09:00:02.500 UTC (in 3 s)
bound          2600 ms
acts cut       0
last admitted  -

From effective_at on, no door of Dome admits a call.
`);
});

describe("a hold", () => {
  const suspended = (held: boolean) => json(202, transition({ held }));

  test("is asked for with --hold, and told", async () => {
    const { stdout, service } = await dome(["agents", "suspend", "bot", "--hold", "--reason", "incident"], {
      replies: [suspended(true)],
    });
    expect(JSON.parse(service.seen[0]?.body ?? "")).toEqual({ reason: "incident", hold: true });
    expect(stdout).toContain("bot is suspended and held. The stop ");
    expect((await dome(["agents", "suspend", "bot"], { replies: [suspended(false)] })).stdout).toContain(
      "bot is suspended. The stop ",
    );
  });

  test.each(["activate", "resume"])("%s takes the reason that lifts it", async (word) => {
    const { service } = await dome(["agents", word, "bot", "--reason", "mended"], {
      replies: [json(200, transition({ state: "active", halt: null, effective_in_ms: 0 }))],
    });
    expect(JSON.parse(service.seen[0]?.body ?? "")).toEqual({ reason: "mended" });
  });

  test("that is not lifted ends with exit code 3, and names who holds it or the reason that is missing", async () => {
    const refused = async (errors?: readonly object[]) =>
      dome(["agents", "resume", "bot", "--workspace", "support"], {
        replies: [
          json(403, {
            type: "https://dome.example/problems/held",
            title: "Held",
            status: 403,
            detail: "The agent is held.",
            instance: "req_1",
            code: "held",
            ...(errors === undefined ? {} : { errors }),
          }),
        ],
      });
    const byRole = await refused();
    expect(byRole.exit).toBe(3);
    expect(byRole.stderr).toContain("next: dome agents show bot --workspace support\n");
    const noReason = await refused([{ member: "reason", detail: "is required to lift a hold" }]);
    expect(noReason.stderr).toContain("next: dome agents resume bot --workspace support --reason TEXT\n");
  });

  test("is shown with who, when and why, and counts as a state in lists", async () => {
    const hold = { since: "2026-11-23T09:00:00.000Z", by: "sam@example.com", reason: "incident" };
    const held = agent({ state: "suspended", hold });
    const shown = await dome(["agents", "show", "bot"], { replies: [json(200, held)] });
    expect(shown.stdout).toMatch(
      /^held +by sam@example\.com since 2026-11-23 09:00:00 UTC \(now\): incident$/m,
    );
    const page = json(200, { items: [held], next_cursor: null });
    expect((await dome(["agents", "list"], { replies: [page] })).stdout).toContain("suspended, held");
  });

  test("why an agent is stopped, and how many of its keys are live, is in what is shown of it and in a wide list", async () => {
    const stop = { by: "sam@example.com", reason: "incident \u001b[2J", halt: HALT_ID };
    const stopped = agent({ state: "revoked", stop, live_keys: 3 });
    const { stdout } = await dome(["agents", "show", "bot"], { replies: [json(200, stopped)] });
    expect(stdout).toContain(`stopped         by sam@example.com: incident \\u001b[2J (${HALT_ID})\n`);
    expect(stdout).toMatch(/^live keys +3$/m);
    const page = json(200, { items: [stopped, agent()], next_cursor: null });
    const wide = await dome(["agents", "list", "-o", "wide"], { replies: [page] });
    const [head = "", first = "", second = ""] = wide.stdout.split("\n");
    const at = head.indexOf("STOPPED");
    expect([first.slice(at), second.slice(at)].map((line) => line.split(/ {2,}/)[0])).toEqual([
      "by sam@example.com: incident \\u001b[2J",
      "-",
    ]);
    expect(first.slice(head.indexOf("LIVE KEYS"))).toMatch(/^3 /);
  });
});
