/** `dome users list|show`, `dome keys identify`, and the filters of the trail by which people are named. */
import { describe, expect, test } from "vitest";
import type { User } from "../../../src/contract/user.ts";
import { json, problem, refusalOf, type Reply } from "../client/fake-service.ts";
import { AGENT_ID, apiKey, HALT_ID, KEY_ID, SECRET, WORKSPACE_ID } from "../client/samples.ts";
import { dome } from "./run-cli.ts";

const ULID = "01k9v3m8q2x7n5r4t6w0y1z2a3";
const SEEN = "2026-11-23T09:00:00.000Z";
const USER: User = {
  id: "usr_mzxw6ytboi2dknrvgaztcmjqgy",
  workspace: "support",
  workspace_id: WORKSPACE_ID,
  issuer: "https://login.example.com",
  subject: "00u1",
  email: "alice@example.com",
  first_seen: SEEN,
  last_seen: SEEN,
  stopped: { since: SEEN, halt: HALT_ID },
  agents: [{ id: AGENT_ID, name: "support-triage", first_seen: SEEN, last_seen: SEEN }],
};
const page = (...items: readonly object[]) => json(200, { items, next_cursor: null });
const workspaces = ["default", "support"].map((name) => ({
  id: WORKSPACE_ID,
  name,
  description: null,
  created_at: SEEN,
  config_epoch: 1,
  halted: false,
}));

const unknown = (member: string, detail: string): Response =>
  refusalOf(422, "unknown_reference", member, detail);

/** Two workspaces; each question to one of them is answered by `answer`. */
const company =
  (answer: (workspace: string) => Response): Reply =>
  ({ url }) =>
    url.includes("/api/v1/workspaces")
      ? page(...workspaces)
      : answer(new URL(url).searchParams.get("workspace") ?? "");

describe("dome users", () => {
  test("lists who they are, through which agents, and whether they are stopped", async () => {
    const { stdout, requests } = await dome(["users", "list", "--workspace", "support"], {
      replies: [page(USER)],
    });
    expect(requests).toEqual(["GET /api/v1/users?workspace=support&limit=200"]);
    expect(stdout).toContain("alice@example.com  stopped  support-triage");
  });

  test("are shown by address, or by what the provider says", async () => {
    const byAddress = await dome(["users", "show", "alice@example.com"], { replies: [page(USER)] });
    expect(byAddress.requests).toEqual(["GET /api/v1/users?user=alice%40example.com&limit=200"]);
    expect(byAddress.stdout).toContain(
      `state       stopped since 2026-11-23 09:00:00 UTC (now), stop ${HALT_ID}\n`,
    );
    const bySubject = await dome(["users", "show", "https://login.example.com", "00u1", "--tenant", "t"], {
      replies: [page(USER)],
    });
    expect(bySubject.requests).toEqual([
      "GET /api/v1/users?issuer=https%3A%2F%2Flogin.example.com&subject=00u1&tenant=t&limit=200",
    ]);
  });

  test("of every workspace are found where they are; the others have none of the name", async () => {
    const { stdout, exit } = await dome(["users", "show", "alice@example.com", "-A"], {
      replies: [
        company((workspace) => (workspace === "support" ? page(USER) : problem(422, "unknown_reference"))),
      ],
    });
    expect(exit).toBe(0);
    expect(stdout).toContain("workspace   support");
  });

  test("that no workspace knows are an error, which names no workspace more than another", async () => {
    const { stdout, stderr, exit } = await dome(["users", "show", "nobody@example.com", "-A"], {
      replies: [
        company((workspace) =>
          unknown("user", `No agent has acted for this user in workspace ${workspace}.`),
        ),
      ],
    });
    expect({ stdout, exit }).toEqual({ stdout: "", exit: 1 });
    expect(stderr).toContain("No agent has acted for this user in any workspace that you may see.");
    expect(stderr).not.toContain("default");
  });

  test("that each workspace refuses for a reason of its own are an error with the first of them", async () => {
    const { stderr, exit } = await dome(["audit", "list", "--agent", "alpha", "--tool", "ghost", "-A"], {
      replies: [
        company((workspace) =>
          workspace === "default"
            ? unknown("agent", "No agent (alpha) exists in workspace default.")
            : unknown(
                "tool",
                "The catalog has no tool with this name, and no record names it in workspace support.",
              ),
        ),
      ],
    });
    expect(exit).toBe(1);
    expect(stderr).toContain("No agent (alpha) exists in workspace default.");
  });

  test("of whom only a stop is known are shown with it", async () => {
    const unseen = {
      issuer: null,
      subject: null,
      email: null,
      first_seen: null,
      last_seen: null,
      agents: [],
    };
    const { stdout } = await dome(["users", "show", USER.id], { replies: [page({ ...USER, ...unseen })] });
    expect(stdout).toContain(`state       stopped since 2026-11-23 09:00:00 UTC (now), stop ${HALT_ID}\n`);
    expect(stdout).toContain("first seen  -\nlast seen   -\n\nNo agent has acted for this user.\n");
    const listed = await dome(["users", "list"], { replies: [page({ ...USER, ...unseen })] });
    expect(listed.stdout).toMatch(
      new RegExp(`^${USER.id}  stopped  -       -           -          support`, "m"),
    );
  });

  test("are no bare word", async () => {
    expect((await dome(["users", "show", "alice"])).exit).toBe(2);
  });
});

describe("dome audit list", () => {
  test("takes a user by address or as the provider says it, and a key", async () => {
    const words = ["--user", "https://login.example.com", "00u1", "--key", KEY_ID, "--readings"];
    const { requests } = await dome(["audit", "list", ...words], { replies: [page()] });
    const [list = ""] = requests;
    expect(Object.fromEntries(new URL(list.slice(4), "http://x").searchParams)).toMatchObject({
      issuer: "https://login.example.com",
      subject: "00u1",
      key: KEY_ID,
      readings: "true",
    });
  });

  const record = (workspace: string, time: string, n: number) => ({
    id: `evt_${ULID.slice(0, -1)}${n}`,
    producer: AGENT_ID,
    n,
    time,
    workspace,
    kind: "agent.activated",
    agent: AGENT_ID,
    seq: n,
    hash: "0".repeat(64),
  });

  test("-A puts the records of all workspaces in the order of their times, and names the workspaces", async () => {
    const first = record(WORKSPACE_ID, "2026-11-23T09:00:00.000Z", 1);
    const second = record(WORKSPACE_ID, "2026-11-23T10:00:00.000Z", 2);
    const { stdout } = await dome(["audit", "list", "-A", "--quiet"], {
      replies: [company((workspace) => page(workspace === "support" ? second : first))],
    });
    expect(stdout).toBe(`${second.id}\n${first.id}\n`);
  });

  test.each([
    ["newest", 3, 2, 1],
    ["oldest", 1, 2, 3],
  ])("-A --order %s leaves records of one time in the order of their ledger", async (order, ...seqs) => {
    const records = seqs.map((seq) => record(WORKSPACE_ID, "2026-11-23T09:00:00.000Z", seq));
    const { stdout } = await dome(["audit", "list", "-A", "--order", order, "--quiet"], {
      replies: [company((workspace) => (workspace === "support" ? page(...records) : page()))],
    });
    expect(stdout).toBe(records.map(({ id }) => `${id}\n`).join(""));
  });

  test.each([
    [{ scope: "workspace", name: "support", version: 3 }, "workspace 3"],
    [{ scope: "tier", name: "standard", version: null }, "tier:standard "],
    [{ scope: "agent", name: "triage", digest: "sha256:0" }, "agent:triage "],
    [{ scope: "galaxy", name: "support" }, WORKSPACE_ID],
  ])("names policies by their scope and version, not by an id: %j", async (data, named) => {
    const { agent: _agent, ...rest } = record(WORKSPACE_ID, SEEN, 1);
    const target = { type: "policy_bundle", id: WORKSPACE_ID };
    const { stdout } = await dome(["audit", "list"], {
      replies: [page({ ...rest, kind: "policy.activated", target, data })],
    });
    expect(stdout).toContain(`  ${named} `);
  });

  test("says where it has looked when it finds nothing", async () => {
    const { stdout, stderr } = await dome(["audit", "list", "--workspace", "support"], { replies: [page()] });
    expect(stdout).toBe("none\n");
    expect(stderr).toBe("Searched: support. Add -A for every workspace.\n");
  });
});

describe("dome keys identify", () => {
  const found = {
    key: apiKey(),
    agent: {
      id: AGENT_ID,
      name: "support-triage",
      workspace: "support",
      owner: "ada@example.com",
      steward: "bob@example.com",
      state: "active",
    },
  };

  test("says whose it is and what ends it; the key goes in the body and is never shown", async () => {
    const { stdout, stderr, service, requests } = await dome(["keys", "identify", "--key-file", "-"], {
      stdin: `${SECRET}\n`,
      replies: [json(200, found)],
    });
    expect(requests).toEqual(["POST /api/v1/keys/identify"]);
    expect(JSON.parse(service.seen[0]?.body ?? "null")).toEqual({ api_key: SECRET });
    expect(stdout).toContain(`agent        support-triage (${AGENT_ID})`);
    expect(stderr).toBe(`next: dome keys revoke support-triage ${KEY_ID} --workspace support\n`);
    expect(stdout + stderr).not.toContain(SECRET);
  });

  test("takes no call token", async () => {
    const { exit } = await dome(["keys", "identify", "--key-file", "-"], { stdin: "eyJa.eyJb.c" });
    expect(exit).toBe(2);
  });
});
