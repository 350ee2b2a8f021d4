/** The audit list through the API: every filter finds what it says and nothing else, and pages neither skip nor repeat. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { AuditEntry } from "../../src/contract/audit.ts";
import type { Decision } from "../../src/contract/check.ts";
import { bearer, done, expectProblem, jsonOf, send } from "../security/calls.fixture.ts";
import {
  activeAgent,
  ADMIN,
  callToken,
  command,
  ids,
  makeWorkspace,
  operatorToken,
  type TestAgent,
} from "../security/installation.fixture.ts";
import { sampleId } from "../support/audit-sample.ts";
import { everythingArrived, page, trail } from "./audit.fixture.ts";

let alice: TestAgent;
let bob: TestAgent;
let workspaceId: string;
let decisions: {
  readonly crm: Decision;
  readonly op: Decision;
  readonly erp: Decision;
  readonly bobs: Decision;
};
let all: readonly AuditEntry[];

const ask = async (credential: string, body: object): Promise<Decision & { readonly request_id: string }> =>
  done("POST", "/api/v1/check", { authorization: bearer(credential), body });

beforeAll(async () => {
  workspaceId = (await makeWorkspace("default")).id;
  await makeWorkspace("other");
  await activeAgent("other", "alice");
  for (const name of ["crm", "crm-archive"])
    await done("POST", "/api/v1/tools", { authorization: ADMIN, body: { name } });
  const surface = { tools: ["crm", "crm-archive"] };
  alice = await activeAgent("default", "alice", { surface });
  bob = await activeAgent("default", "bob", { surface });
  decisions = {
    crm: await ask(alice.key, { tool: "crm" }),
    op: await ask(await callToken(alice.key), { tool: "crm/create_ticket" }),
    erp: await ask(alice.key, { tool: "erp" }),
    bobs: await ask(bob.key, { tool: "crm-archive" }),
  };
  const ada = bearer(await operatorToken({ role: "security", subject: "ada@example.com" }));
  await done("POST", `/api/v1/agents/${bob.id}/suspend`, { authorization: ada, body: { reason: "a look" } });
  await command(bob, "resume");
  // A call of bob's in which alice takes part: chains are not made by any route yet.
  const chain = [
    { agent: bob.id, key: bob.keyId, epoch: 1 },
    { agent: alice.id, key: alice.keyId, epoch: 1 },
  ];
  const shared = {
    id: ids.next("evt"),
    producer: "test",
    n: 1,
    time: "2026-11-23T10:00:00.000Z",
    workspace: workspaceId,
    kind: "decision",
    agent: bob.id,
    chain,
    decision: "allow",
    reason: "permitted",
    decision_id: ids.next("dec"),
    target: { type: "tool", id: "crm/read" },
    action: "tool:use",
    txn: ids.next("txn"),
  };
  await env.LEDGER.getByName(workspaceId).append([shared]);
  await everythingArrived();
  all = (await trail("order=oldest")).filter(({ kind }) => kind !== "halt.effective");
}, 30_000);

/** What a filter shows, oldest first, as seen from the whole trail. */
async function found(query: string): Promise<readonly AuditEntry[]> {
  const shown = await trail(`order=oldest&${query}`);
  return shown.filter(({ kind }) => kind !== "halt.effective");
}

const those = (which: (entry: AuditEntry) => boolean): readonly AuditEntry[] => all.filter(which);

const takesPart = (entry: AuditEntry, agent: TestAgent): boolean =>
  entry.agent === agent.id || (entry.chain ?? []).some((link) => link.agent === agent.id);

describe("the filter", () => {
  const cases: readonly (readonly [string, () => string, (entry: AuditEntry) => boolean])[] = [
    ["agent, by name", () => "agent=alice", (entry) => entry.agent === alice.id],
    ["agent, by id", () => `agent=${alice.id}`, (entry) => entry.agent === alice.id],
    ["actor, by name: any agent of the chain", () => "actor=alice", (entry) => takesPart(entry, alice)],
    ["actor, by id", () => `actor=${bob.id}`, (entry) => takesPart(entry, bob)],
    ["kind", () => "kind=decision", ({ kind }) => kind === "decision"],
    ["kind with a dot", () => "kind=agent.suspended", ({ kind }) => kind === "agent.suspended"],
    ["kind.*", () => "kind=agent.*", ({ kind }) => kind.startsWith("agent.")],
    ["kind.* of the catalog", () => "kind=catalog.*", ({ kind }) => kind.startsWith("catalog.")],
    [
      "tool: with its operations, without its namesakes",
      () => "tool=crm",
      ({ target }) => /^crm(?:\/|$)/.test(target?.id ?? ""),
    ],
    [
      "tool with an operation",
      () => "tool=crm/create_ticket",
      ({ target }) => target?.id === "crm/create_ticket",
    ],
    ["decision allow", () => "decision=allow", ({ decision }) => decision === "allow"],
    ["decision deny", () => "decision=deny", ({ decision }) => decision === "deny"],
    ["reason", () => "reason=surface_undeclared", ({ reason }) => reason === "surface_undeclared"],
    ["operator", () => "operator=ada@example.com", ({ operator }) => operator?.subject === "ada@example.com"],
    [
      "request_id",
      () => `request_id=${decisions.op.request_id}`,
      ({ decision_id: id }) => id === decisions.op.decision_id,
    ],
    ["txn", () => `txn=${decisions.erp.txn}`, ({ txn }) => txn === decisions.erp.txn],
    [
      "several at once: all of them hold",
      () => "agent=alice&kind=decision&decision=allow&tool=crm",
      (entry) => entry.agent === alice.id && entry.decision === "allow",
    ],
  ];

  it.each(cases)("%s", async (_name, query, which) => {
    const expected = those(which).filter(
      ({ kind, target }) => !query().startsWith("tool=") || kind === "decision" || target?.type === "tool",
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.length).toBeLessThan(all.length);
    expect(await found(query())).toEqual(expected);
  });

  it("since and until, on the record's own time, the one inclusive and the other exclusive", async () => {
    const times = all.map(({ time }) => time).toSorted();
    const middle = times[Math.floor(times.length / 2)] ?? "";
    expect(await found(`since=${middle}`)).toEqual(those(({ time }) => time >= middle));
    expect(await found(`until=${middle}`)).toEqual(those(({ time }) => time < middle));
    expect(await found(`since=${middle}&until=${middle}`)).toEqual([]);
    const offset = new Date(Date.parse(middle) + 3_600_000).toISOString().replace("Z", "%2B01:00");
    expect(await found(`since=${offset}`)).toEqual(those(({ time }) => time >= middle));
  });

  it("that fits nothing finds nothing", async () => {
    expect(await found("agent=alice&decision=deny&reason=permitted")).toEqual([]);
    expect(await found("kind=transaction.*")).toEqual([]);
    expect(await found("operator=admin&kind=decision")).toEqual([]);
    expect(await found("reason=tier_limit")).toEqual([]);
    expect(await found("tool=crm&reason=tier_limit")).toEqual([]);
  });

  it("on what was made just now finds nothing yet: its records may be on their way", async () => {
    expect(await found(`request_id=${ids.next("req")}`)).toEqual([]);
    expect(await found(`txn=${ids.next("txn")}`)).toEqual([]);
  });

  it.each([
    ["agent=nobody", "agent", "No agent (nobody) exists in workspace default."],
    ["actor=nobody", "actor", "No agent (nobody) exists in workspace default."],
    [`agent=${sampleId("agt", 1)}`, "agent", `No agent (${sampleId("agt", 1)}) exists in workspace default.`],
    [
      "user=alice@example.com",
      "user",
      /^No agent has acted for a user with this e-mail address in workspace default\./,
    ],
    [`user=usr_${"a".repeat(26)}`, "user", /^No agent has acted for this user/],
    ["issuer=https://idp.example&subject=nobody", "user", /^No agent has acted for this user/],
    ["operator=nobody@example.com", "operator", /^No operator token has or had this subject/],
    ["tool=cr", "tool", /^The catalog has no tool with this name/],
    ["reason=bogus", "reason", /^The value is not a reason code/],
    [`request_id=${sampleId("req", 1)}`, "request_id", /^No record has this request id/],
    [`txn=${sampleId("txn", 1)}`, "txn", /^No record has this transaction/],
    [`key=${sampleId("key", 1)}`, "key", /^No key/],
    ["workspace=org&agent=alice", "agent", "No agent (alice) exists in the organization's own ledger."],
  ])("%s names nothing: refused, and said where it was looked for", async (query, member, detail) => {
    const answer = await send("GET", `/api/v1/audit?${query}`, { authorization: ADMIN });
    const said = expectProblem(answer, "unknown_reference");
    expect(said.errors?.map((each) => each.member)).toEqual([member]);
    expect(said.detail).toMatch(detail);
  });

  it("names nothing where it names an agent or a key of another workspace (P11)", async () => {
    const elsewhere = await activeAgent("other", "elsewhere");
    for (const [query, member] of [
      [`agent=${elsewhere.id}`, "agent"],
      [`key=${elsewhere.keyId}`, "key"],
    ] as const) {
      const answer = await send("GET", `/api/v1/audit?${query}`, { authorization: ADMIN });
      expect(expectProblem(answer, "unknown_reference").errors?.[0]?.member).toBe(member);
    }
  });

  it("key finds what was done with a key, by itself or for a token, and what was done to it", async () => {
    const shown = await found(`key=${alice.keyId}`);
    expect(shown.map(({ kind }) => kind)).toContain("token.issued");
    expect(shown.filter(({ kind }) => kind === "decision").map(({ decision_id }) => decision_id)).toEqual(
      those(
        ({ kind, chain = [] }) => kind === "decision" && chain.some(({ key }) => key === alice.keyId),
      ).map(({ decision_id }) => decision_id),
    );
    expect((await found(`key=${bob.keyId}`)).some(({ agent }) => agent === alice.id)).toBe(false);
  });

  it("shows readings of the trail only when it is asked for them", async () => {
    await page("limit=1");
    await everythingArrived();
    const kinds = async (query: string): Promise<Set<string>> =>
      new Set((await page(`limit=200&${query}`)).items.map(({ kind }) => kind));
    expect(await kinds("")).not.toContain("audit.read");
    expect(await kinds("readings=true")).toContain("audit.read");
    expect(await kinds("kind=audit.*")).toContain("audit.read");
    expect(await kinds("operator=admin")).not.toContain("audit.read");
  });

  it.each([
    ["kind=Agent", "kind"],
    ["kind=*", "kind"],
    ["kind=agent.", "kind"],
    ["kind=polices.*", "kind"],
    ["decision=maybe", "decision"],
    ["since=yesterday", "since"],
    ["until=2026-13-01T00:00:00Z", "until"],
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["limit=x", "limit"],
    ["order=random", "order"],
    ["cursor=nonsense", "cursor"],
    ["cursor=czA", "cursor"],
  ])("%s is refused, and %s is named", async (query, member) => {
    const said = expectProblem(
      await send("GET", `/api/v1/audit?${query}`, { authorization: ADMIN }),
      "invalid_request",
    );
    expect(said.errors?.map((each) => each.member)).toEqual([member]);
  });
});

describe("pages", () => {
  it.each(["newest", "oldest"])(
    "of one record each show all of them, %s first, none twice",
    async (order) => {
      const shown: AuditEntry[] = [];
      const query = `kind=agent.*&limit=1&order=${order}`;
      for (let cursor: string | null = ""; cursor !== null;) {
        const next = await page(query + (cursor === "" ? "" : `&cursor=${cursor}`));
        expect(next.items.length).toBeLessThanOrEqual(1);
        shown.push(...next.items);
        cursor = next.next_cursor;
      }
      const expected = those(({ kind }) => kind.startsWith("agent."));
      expect(shown).toEqual(order === "oldest" ? expected : expected.toReversed());
    },
  );

  it("stay where they are while records arrive", async () => {
    const first = await page("kind=decision&limit=2");
    await ask(alice.key, { tool: "crm" });
    await everythingArrived();
    const second = await page(`kind=decision&limit=2&cursor=${first.next_cursor}`);
    const before = those(({ kind }) => kind === "decision").toReversed();
    expect([...first.items, ...second.items]).toEqual(before.slice(0, 4));
  });

  it.each(["newest", "oldest"])("begin behind any record, by its seq, %s first", async (order) => {
    const whole = (await page(`order=${order}&kind=agent.*`)).items.map(({ seq }) => seq);
    expect(whole.length).toBeGreaterThan(2);
    for (const [at, seq] of whole.entries()) {
      const behind = await page(`order=${order}&kind=agent.*&after=${seq}`);
      expect(behind.items.map((entry) => entry.seq)).toEqual(whole.slice(at + 1));
    }
  });

  it("are in the order in which the ledger numbered them, without a gap", async () => {
    const whole = await page("order=oldest&limit=200&readings=true");
    expect(whole.items.map(({ seq }) => seq)).toEqual(whole.items.map((_, index) => index + 1));
  });
});

describe("a trail", () => {
  it("belongs to its workspace: the same name elsewhere is another agent", async () => {
    const there = await trail("workspace=other&agent=alice");
    expect(there.length).toBeGreaterThan(0);
    for (const entry of there) expect(entry.agent).not.toBe(alice.id);
    const answer = await send("GET", `/api/v1/audit?workspace=other&agent=${alice.id}`, {
      authorization: ADMIN,
    });
    expectProblem(answer, "unknown_reference");
  });

  it("of the organization is read with a token for all workspaces, and with no other", async () => {
    const unbound = bearer(await operatorToken({ role: "auditor" }));
    const bound = bearer(await operatorToken({ role: "auditor", workspaces: ["default", "other"] }));
    const org = "/api/v1/audit?workspace=org";
    const { items } = jsonOf(await send("GET", org, { authorization: unbound })) as { items: AuditEntry[] };
    expect(items.map(({ workspace }) => workspace)).toContain("org");
    expectProblem(await send("GET", org, { authorization: bound }), "forbidden");
    expect((await send("GET", "/api/v1/audit?workspace=other", { authorization: bound })).status).toBe(200);
  });

  it("of no workspace in particular is that of the token's only one, else of `default`", async () => {
    const bound = bearer(await operatorToken({ role: "auditor", workspaces: ["other"] }));
    const { items } = await page("kind=agent.*", bound);
    expect(items.length).toBeGreaterThan(0);
    for (const { workspace } of items) expect(workspace).not.toBe(workspaceId);
    for (const { workspace } of (await page("kind=agent.*")).items) expect(workspace).toBe(workspaceId);
  });

  it("is no developer's to read", async () => {
    const developer = bearer(await operatorToken({ role: "developer" }));
    for (const path of ["/api/v1/audit", `/api/v1/decisions/${decisions.crm.decision_id}`]) {
      expect(expectProblem(await send("GET", path, { authorization: developer }), "forbidden").status).toBe(
        403,
      );
    }
  });
});
