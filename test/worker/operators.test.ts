import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { AuditEntry } from "../../src/contract/audit.ts";
import { operator as operatorSchema, operatorCreated, operatorRevoked } from "../../src/contract/operator.ts";
import { workerWithoutDatabase } from "../support/observed-bindings.ts";
import {
  freshWorkspace,
  operator,
  operatorToken,
  problemOf,
  type CallOptions,
} from "../support/worker-api.ts";

const api = operator();
const DAY = 86_400_000;
let home: string;

beforeAll(async () => {
  home = await freshWorkspace();
});

async function create(body: object, options: CallOptions = {}) {
  const answer = await api.call("POST", "/operators", { ...options, body });
  const created = operatorCreated.parse(answer.body);
  return { ...created, secret: created.operator_token.secret ?? "", headers: answer.headers };
}

const refused = async (body: object) => problemOf(await api.call("POST", "/operators", { body }));

const self = async (secret: string) => (await operator(secret).call("GET", "/operators/self")).status;

const revoke = async (id: string, options: CallOptions = {}) => {
  const answer = await api.call("DELETE", `/operators/${id}`, options);
  expect(answer.status).toBe(200);
  return operatorRevoked.parse(answer.body);
};

const show = async (id: string) => operatorSchema.parse((await api.call("GET", `/operators/${id}`)).body);

/** What the organization's trail says of one token, once it says anything: a record is on its way for up to a second. */
async function recorded(kind: string, id: string): Promise<AuditEntry[]> {
  const about = async () =>
    (await api.audit({ workspace: "org", kind })).filter(({ target }) => target?.id === id);
  await expect.poll(async () => (await about()).length, { timeout: 5_000 }).toBeGreaterThan(0);
  return about();
}

const inDays = (days: number): string => new Date(Date.now() + days * DAY).toISOString();

describe("issuing an operator token", () => {
  it("shows the secret once, in an answer that nothing may store; the database has a digest (P4)", async () => {
    const made = await create({ subject: "ada@example.com", role: "operator", workspaces: [home] });
    expect(made.secret).toMatch(/^dome_ot_[0-9A-Za-z]{49}$/);
    expect(made.secret_shown).toBe(false);
    expect(made.headers.get("cache-control")).toBe("no-store");
    const tables = ["operator_tokens", "idempotency", "audit_outbox"];
    const stored = await Promise.all(tables.map((table) => env.DB.prepare(`SELECT * FROM ${table}`).all()));
    expect(JSON.stringify(stored)).not.toContain(made.secret.slice(8, 40));
    expect(JSON.stringify((await api.call("GET", "/operators")).body)).not.toContain(
      made.secret.slice(8, 40),
    );
    expect(await show(made.operator.id)).toEqual({
      ...made.operator,
      subject: "ada@example.com",
      role: "operator",
      description: null,
      workspaces: [home],
      state: "live",
      last4: made.secret.slice(-4),
      created_by: "admin",
      revoked_at: null,
      last_used_at: null,
      replaces: null,
    });
  });

  it("gives ninety days when nothing is said, and a year at most", async () => {
    const { operator: made } = await create({ subject: "a", role: "auditor" });
    expect(Date.parse(made.expires_at) - Date.parse(made.created_at)).toBe(90 * DAY);
    await create({ subject: "a", role: "auditor", expires_at: inDays(364) });
    const bad = { status: 400, code: "invalid_request", members: ["expires_at"] };
    expect(await refused({ subject: "a", role: "auditor", expires_at: inDays(366) })).toEqual(bad);
    expect(await refused({ subject: "a", role: "auditor", expires_at: inDays(-1) })).toEqual(bad);
  });

  it("wants to know who it is for, what it may do, and only workspaces that exist", async () => {
    expect(await refused({})).toEqual({ status: 400, code: "invalid_request", members: ["subject", "role"] });
    for (const subject of ["admin", "dome"]) {
      expect(await refused({ subject, role: "auditor" })).toMatchObject({
        status: 400,
        members: ["subject"],
      });
    }
    expect(await refused({ subject: "a", role: "root" })).toMatchObject({ members: ["role"] });
    expect(await refused({ subject: "a", role: "auditor", workspaces: [] })).toMatchObject({
      members: ["workspaces"],
    });
    expect(await refused({ subject: "a", role: "auditor", workspaces: [home, "nowhere"] })).toEqual({
      status: 422,
      code: "unknown_reference",
      members: ["workspaces"],
    });
  });

  it("has its effect once: the repeat gets the same token without its secret (P12)", async () => {
    const body = { subject: "once@example.com", role: "auditor" };
    const first = await create(body, { key: "create-once" });
    const again = await create(body, { key: "create-once" });
    expect(again.operator).toEqual(first.operator);
    expect(again.operator_token.secret).toBeNull();
    expect(again.secret_shown).toBe(true);
    const other = await api.call("POST", "/operators", {
      key: "create-once",
      body: { ...body, role: "admin" },
    });
    expect(problemOf(other)).toMatchObject({ status: 422, code: "idempotency_mismatch" });
    const { body: listed } = await api.call("GET", "/operators?subject=once@example.com");
    expect(listed).toEqual({ items: [first.operator], next_cursor: null });
  });

  it("answers a repeat even when the workspace of the token would be refused by now, in the same words", async () => {
    const body = { subject: "late@example.com", role: "auditor", expires_at: inDays(1) };
    const first = await create(body, { key: "create-late" });
    await revoke(first.operator.id);
    expect((await create(body, { key: "create-late" })).operator).toEqual(first.operator);
  });

  it("is not for a token that is bound to workspaces, not even an administrator's: it would widen itself", async () => {
    const bound = operator(await operatorToken({ subject: "b", role: "admin", workspaces: [home] }));
    const answer = await bound.call("POST", "/operators", { body: { subject: "b", role: "admin" } });
    expect(problemOf(answer)).toMatchObject({ status: 403, code: "forbidden" });
    expect(problemOf(await bound.call("GET", "/operators"))).toMatchObject({ status: 403 });
  });

  it("is in the trail of the organization, with who did it and what the token allows, but not for whom", async () => {
    const made = await create({ subject: "private@example.com", role: "security", workspaces: [home] });
    const [entry] = await recorded("operator.created", made.operator.id);
    expect(entry).toMatchObject({
      operator: { subject: "admin", token: "admin" },
      data: { role: "security", workspaces: [home], expires_at: made.operator.expires_at },
    });
    expect(JSON.stringify(entry)).not.toContain("private@example.com");
  });
});

describe("the list of operator tokens", () => {
  it("comes in pages, filtered by subject and role, each token with its state", async () => {
    const subject = "pages@example.com";
    const first = await create({ subject, role: "auditor" });
    const second = await create({ subject, role: "developer" });
    await revoke(first.operator.id);
    const page = async (query: string) =>
      (await api.call("GET", `/operators?subject=${subject}${query}`)).body as {
        items: { id: string; state: string }[];
        next_cursor: string | null;
      };
    const one = await page("&limit=1");
    expect(one.items).toMatchObject([{ id: first.operator.id, state: "revoked" }]);
    const two = await page(`&limit=1&cursor=${one.next_cursor}`);
    expect(two).toMatchObject({ items: [{ id: second.operator.id, state: "live" }], next_cursor: null });
    expect(await page("&role=developer")).toMatchObject({ items: [{ id: second.operator.id }] });
  });

  it("shows the last use within the hour", async () => {
    const { operator: made, secret } = await create({ subject: "used", role: "auditor" });
    expect((await show(made.id)).last_used_at).toBeNull();
    expect(await self(secret)).toBe(200);
    await expect.poll(async () => (await show(made.id)).last_used_at).toMatch(/Z$/);
  });

  it("finds no token by an id that is none, nor the installation's own", async () => {
    for (const id of ["opt_00000000000000000000000000", "admin", "x"]) {
      expect(problemOf(await api.call("GET", `/operators/${id}`))).toMatchObject({ status: 404 });
      expect(problemOf(await api.call("DELETE", `/operators/${id}`))).toMatchObject({ status: 404 });
    }
  });
});

describe("revoking an operator token", () => {
  it("refuses it from the next request on, everywhere, and no other", async () => {
    const gone = await create({ subject: "gone", role: "admin" });
    const stays = await create({ subject: "gone", role: "admin" });
    expect(await self(gone.secret)).toBe(200);
    expect(await revoke(gone.operator.id)).toMatchObject({ changed: true, operator: { state: "revoked" } });
    expect(await self(gone.secret)).toBe(401);
    expect(await self(stays.secret)).toBe(200);
  });

  it("twice changes nothing, is in the trail once, and a repeat says what the first time was said (P12)", async () => {
    const { operator: made } = await create({ subject: "twice", role: "auditor" });
    expect(await revoke(made.id, { key: "revoke-1" })).toMatchObject({ changed: true });
    expect(await revoke(made.id, { key: "revoke-1" })).toMatchObject({ changed: true });
    expect(await revoke(made.id)).toMatchObject({ changed: false });
    expect(await recorded("operator.revoked", made.id)).toHaveLength(1);
  });

  it("by a dead token is recorded at most once a second, in the trail of the organization", async () => {
    const { operator: made, secret } = await create({ subject: "dead@example.com", role: "auditor" });
    await revoke(made.id);
    await Promise.all([1, 2, 3].map(() => self(secret)));
    const entries = await recorded("credential.refused", made.id);
    expect(entries).toMatchObject([{ reason: "revoked", operator: { token: made.id } }]);
  });
});

describe("rotating an operator token", () => {
  it("ends the old one now, and gives its successor the same rights and another secret", async () => {
    const old = await create({ subject: "ci", role: "operator", description: "deploys", workspaces: [home] });
    const next = await create({ replaces: old.operator.id });
    expect(next.operator).toMatchObject({
      subject: "ci",
      role: "operator",
      description: "deploys",
      workspaces: [home],
      replaces: old.operator.id,
    });
    expect(next.replaced).toEqual({ id: old.operator.id, ends_at: next.operator.created_at });
    expect(await self(old.secret)).toBe(401);
    expect(await self(next.secret)).toBe(200);
    expect((await show(old.operator.id)).state).toBe("revoked");
    expect(await recorded("operator.rotated", next.operator.id)).toMatchObject([
      { data: { replaces: old.operator.id, overlap_seconds: 0 } },
    ]);
  });

  it("with an overlap lets both work, and never prolongs the old one", async () => {
    const old = await create({ subject: "ci", role: "operator" });
    const next = await create({ replaces: old.operator.id, overlap_seconds: 3600 });
    expect([await self(old.secret), await self(next.secret)]).toEqual([200, 200]);
    const end = Date.parse(next.operator.created_at) + 3_600_000;
    expect(next.replaced?.ends_at).toBe(new Date(end).toISOString());
    expect((await show(old.operator.id)).expires_at).toBe(next.replaced?.ends_at);
    const shortLived = await create({ subject: "ci", role: "operator", expires_at: inDays(0.01) });
    const longer = await create({ replaces: shortLived.operator.id, overlap_seconds: 86_400 });
    expect(longer.replaced?.ends_at).toBe(shortLived.operator.expires_at);
  });

  it("takes no other rights, and only a token that is live", async () => {
    const old = await create({ subject: "ci", role: "operator" });
    expect(await refused({ replaces: old.operator.id, role: "admin", workspaces: null })).toEqual({
      status: 400,
      code: "invalid_request",
      members: ["role", "workspaces"],
    });
    await revoke(old.operator.id);
    expect(await refused({ replaces: old.operator.id })).toMatchObject({ status: 409, code: "key_not_live" });
    expect(await refused({ replaces: "opt_00000000000000000000000000" })).toMatchObject({
      status: 422,
      members: ["replaces"],
    });
    expect(await refused({ subject: "a", role: "auditor", overlap_seconds: 5 })).toMatchObject({
      members: ["overlap_seconds"],
    });
  });

  it("of the same token twice at once makes one successor", async () => {
    const old = await create({ subject: "ci", role: "operator" });
    const answers = await Promise.all(
      [1, 2, 3].map(() => api.call("POST", "/operators", { body: { replaces: old.operator.id } })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => ![201, 409, 503].includes(status))).toEqual([]);
  });
});

describe("the database itself", () => {
  const run = (sql: string, ...values: unknown[]) =>
    env.DB.prepare(sql)
      .bind(...values)
      .run();

  it("refuses to widen, prolong, revive, delete or replace an operator token", async () => {
    const { operator: made } = await create({ subject: "fixed", role: "auditor", workspaces: [home] });
    const set = (what: string) => run(`UPDATE operator_tokens SET ${what} WHERE id = ?`, made.id);
    await expect(set("role = 'admin'")).rejects.toThrow("never changes");
    await expect(set("subject = 'eve'")).rejects.toThrow("never changes");
    await expect(set("workspaces = NULL")).rejects.toThrow("never changes");
    await expect(set("expires_at = expires_at + 1")).rejects.toThrow("not prolonged");
    await expect(run("DELETE FROM operator_tokens WHERE id = ?", made.id)).rejects.toThrow("never deleted");
    await expect(
      run("INSERT OR REPLACE INTO operator_tokens SELECT * FROM operator_tokens WHERE id = ?", made.id),
    ).rejects.toThrow("exists");
    await revoke(made.id);
    await expect(set("revoked_at = NULL")).rejects.toThrow("not live");
  });
});

describe("without the registry database", () => {
  it("the installation's own token works, and stops an agent by its id; every other token is told to come again", async () => {
    const agent = await api.start({ name: "runaway", workspace: home });
    const secret = await operatorToken({ subject: "ada", role: "admin" });
    const door = workerWithoutDatabase();
    const admin = operator(undefined, door);
    expect((await admin.call("GET", "/operators/self")).body).toEqual({
      subject: "admin",
      token: "admin",
      role: "admin",
      workspaces: null,
      expires_at: null,
    });
    expect(await admin.stop(agent.id, "suspend")).toMatchObject({ state: "suspended", changed: true });
    const other = await operator(secret, door).call("GET", "/operators/self");
    expect(problemOf(other)).toMatchObject({ status: 503, code: "unavailable" });
    expect(other.headers.get("retry-after")).toBe("1");
    expect((await api.show(agent.id)).state).toBe("suspended");
  });
});
