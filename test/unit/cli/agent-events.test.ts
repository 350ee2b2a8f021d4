/** `dome agents events`: an agent's lifecycle as the agent hears it, over connections that end. */
import { describe, expect, it } from "vitest";
import { AgentClient } from "../../../src/client/agent-client.ts";
import { FakeService, hangUp, problem } from "../client/fake-service.ts";
import { dome, SERVICE_URL, type World } from "./run-cli.ts";

const KEY = `dome_at_${"K".repeat(49)}`;
const TIME = "2026-11-28T09:10:00.000Z";

const state = (last: number, more = {}): object => ({
  type: "state",
  time: TIME,
  last,
  missed: false,
  agent: {
    id: "agt_01k9v3m8q2x7n5r4t6w0y1z2a3",
    name: "bot",
    workspace_id: "wsp_01k9v3m8q2x7n5r4t6w0y1z2a3",
  },
  state: "active",
  draining: null,
  credential: { kind: "key", id: "key_01k9v3m8q2x7n5r4t6w0y1z2a3", expires_at: null },
  keys: [{ id: "key_01k9v3m8q2x7n5r4t6w0y1z2a3", expires_at: null }],
  versions: { record: 1, catalog: 1, policy: "builtin-1" },
  late_events_ms: null,
  limits: { events_per_report: 100 },
  ...more,
});
const event = (n: number, type: string, more = {}): object => ({
  type,
  n,
  time: TIME,
  replayed: false,
  ...more,
});

/** A connection on which these are heard, until it ends. */
const stream = (...events: readonly object[]): Response =>
  new Response(
    events
      .map((each) => {
        const { type, n, last } = each as { type: string; n?: number; last?: number };
        return `event: ${type}\nid: ${n ?? last}\ndata: ${JSON.stringify(each)}\n\n`;
      })
      .join("") + ": heartbeat\n\n",
    { headers: { "content-type": "text/event-stream" } },
  );

const follow = (words: readonly string[], ...replies: NonNullable<World["replies"]>) =>
  dome(["agents", "events", ...words], {
    env: { DOME_URL: SERVICE_URL, DOME_TOKEN: `dome_ot_${"T".repeat(49)}`, DOME_AGENT_KEY: KEY },
    replies,
  });

const lastIds = ({ service }: { readonly service: FakeService }): (string | null)[] =>
  service.seen.map(({ headers }) => headers.get("last-event-id"));

describe("an agent's events", () => {
  it("are shown as they come, first the state, and end with the revocation", async () => {
    const outcome = await follow(
      [],
      stream(
        state(3, { missed: true }),
        event(4, "agent.draining", {
          deadline: "2026-11-28T09:20:00.000Z",
          left_ms: 600_000,
          // oxlint-disable-next-line unicorn/no-thenable -- the word of the interface, and no function
          then: "revoked",
        }),
        event(5, "keys.changed", { keys: [] }),
        event(6, "surface.updated", { of: "workspace" }),
        event(7, "agent.revoked"),
      ),
    );
    expect(outcome.stdout.split("\n").map((line) => line.replace(/^\S+ \S+ UTC +/, ""))).toEqual([
      "3  state  active; events may be missing; 1 live key",
      "4  agent.draining  until 2026-11-28 09:20:00 UTC, then revoked",
      "5  keys.changed  0 live keys",
      "6  surface.updated  of the workspace",
      "7  agent.revoked  -",
      "",
    ]);
    expect([outcome.exit, outcome.requests]).toEqual([0, ["GET /api/v1/agents/self/events"]]);
    expect(outcome.service.seen[0]?.headers.get("authorization")).toBe(`Bearer ${KEY}`);
  });

  it("are one JSON object a line with --json, and their numbers with --quiet", async () => {
    const json = await follow(["--json", "--count", "2"], stream(state(3), event(4, "agent.suspended")));
    const lines = json.stdout.trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
      "state",
      "agent.suspended",
    ]);
    const quiet = await follow(["--quiet", "--count", "2"], stream(state(3), event(4, "agent.suspended")));
    expect(quiet.stdout).toBe("3\n4\n");
  });

  it("go on behind the last one when the connection ends or cannot be made", async () => {
    const outcome = await follow(
      ["--after", "2"],
      stream(state(3), event(4, "agent.suspended")),
      hangUp(),
      stream(state(4), event(5, "agent.revoked")),
    );
    expect([outcome.exit, lastIds(outcome)]).toEqual([0, ["2", "4", "4"]]);
    expect(outcome.service.slept).toEqual([1_000, 1_000]);
  });

  it("are waited for while the workspace is halted, in which every connection is refused", async () => {
    const outcome = await follow(
      [],
      stream(state(3), event(4, "workspace.halted")),
      problem(401, "invalid_token"),
      stream(state(4), event(5, "workspace.resumed"), event(6, "agent.revoked")),
    );
    expect([outcome.exit, lastIds(outcome)]).toEqual([0, [null, "4", "4"]]);
    expect(outcome.service.slept).toEqual([30_000, 30_000]);
    expect(outcome.stderr).toContain("The workspace is halted. Reconnecting until it is resumed.");
  });

  it("are refused to a dead credential, also later", async () => {
    expect((await follow([], problem(401, "invalid_token"))).exit).toBe(4);
    const later = await follow(
      [],
      stream(state(3), event(4, "agent.suspended")),
      problem(401, "invalid_token"),
    );
    expect(later.exit).toBe(4);
  });

  it("are not looked for when there is no service", async () => {
    expect((await follow([], hangUp())).exit).toBe(1);
  });
});

describe("the client", () => {
  const client = (service: FakeService, deadline: (ms: number) => AbortSignal) =>
    new AgentClient({ ...service.ports, deadline, url: SERVICE_URL, token: KEY });

  it("passes over types that it does not know", async () => {
    const service = new FakeService(
      stream(state(3), event(4, "agent.promoted"), event(5, "agent.suspended")),
    );
    const numbers: (number | null)[] = [];
    for await (const { number } of client(service, service.ports.deadline).events()) numbers.push(number);
    expect(numbers).toEqual([3, 5]);
  });

  it("gives up a stream that is silent for three heartbeats", async () => {
    const waits: number[] = [];
    const silent = new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }), {
      headers: { "content-type": "text/event-stream" },
    });
    const service = new FakeService(() => silent);
    const next = client(service, (ms) => {
      waits.push(ms);
      return AbortSignal.abort();
    })
      .events()
      .next();
    await expect(next).rejects.toThrow("nothing was heard for 45 s");
    expect(waits).toEqual([45_000]);
  });
});
