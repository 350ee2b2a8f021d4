/** Halts: committed, waited for, effective, and the receipt that says so (P3; design part 5). */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { Halt } from "../../src/contract/halt.ts";
import type { KeySet } from "../../src/signing/jws.ts";
import { HALT_NOTE, verifyHaltReceipt } from "../../src/tokens/halt-receipt.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  agentObject,
  eventually,
  freshWorkspace,
  heard,
  like,
  operator,
  problemOf,
  token,
  whenEffective,
  worker,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const ask = { tool: "zendesk" };
let home: string;
let agents = 0;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "zendesk", workspace: home });
});

const runningAgent = (more: object = {}): Promise<Registered> =>
  api.start({ name: `bot-${(agents += 1)}`, workspace: home, surface: { tools: ["zendesk"] }, ...more });

/** Kills the object where it stands: what is in memory is gone, what is not on disk as well. */
async function crash(id: string): Promise<void> {
  await runInDurableObject(agentObject(id), (_object, state) => state.abort("crash")).catch(() => undefined);
}

const effective = (agent: string, halt: string): Promise<Halt> =>
  whenEffective(async () => {
    const seen = await api.halt(agent, halt);
    if (seen.effective_at === null) throw new Error("not effective yet");
    return seen;
  });

const waited = (halt: Halt | null): number =>
  Date.parse(halt?.effective_at ?? "") - Date.parse(halt?.committed_at ?? "");

/** The keys of the issuer, as anybody can read them. */
async function publishedKeys(): Promise<KeySet["keys"]> {
  const answer = await worker(new Request(`${TEST_ISSUER}/.well-known/jwks.json`));
  const { keys } = (await answer.json()) as {
    keys: { kid: string; dome_use: "token" | "receipt"; kty: string; crv: string; x: string; y: string }[];
  };
  return new Map(
    keys.map(({ kid, dome_use: use, kty, crv, x, y }) => [kid, { use, key: { kty, crv, x, y } }]),
  );
}

describe("a stop", () => {
  it("answers 202 with how long it still takes, and is refused everywhere by this isolate at once", async () => {
    const bot = await runningAgent();
    const answer = await api.call("POST", `/agents/${bot.id}/suspend`, { body: { reason: "looks odd" } });
    expect(answer.status).toBe(202);
    const { halt, effective_in_ms: left } = answer.body as Awaited<ReturnType<typeof api.stop>>;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(2500);
    expect(halt).toEqual({
      id: like(/^hlt_/),
      kind: "suspend",
      workspace_id: bot.created.agent.workspace_id,
      agents: [{ agent: bot.id, epoch: 3 }],
      keys: [],
      user: null,
      txn: null,
      halt_epoch: null,
      cause: null,
      cascade: null,
      operator: { subject: "admin", token: "admin" },
      reason: "looks odd",
      committed_at: like(/Z$/),
      effective_at: null,
      effective_in_ms: left,
      bound_ms: 2600,
      acts_cut: null,
      last_admitted: null,
      note: HALT_NOTE,
      receipt: null,
    });
    expect(await heard(bot.secret, ask)).toBe(401);
  });

  it("with ?wait=effective answers 200 once the whole wait is over; then no isolate admits (P3)", async () => {
    const elsewhere = await anotherIsolate();
    const bot = await runningAgent();
    const carried = await token(bot.secret);
    expect(await heard(carried, ask, elsewhere)).toBe("permitted");
    expect(await heard(bot.secret, ask, elsewhere)).toBe("permitted");
    const answer = await api.call("POST", `/agents/${bot.id}/suspend?wait=effective`, { body: {} });
    expect(await heard(carried, ask, elsewhere)).toBe(401);
    expect(await heard(bot.secret, ask, elsewhere)).toBe(401);
    expect(answer.status).toBe(200);
    const { halt, effective_in_ms: left } = answer.body as Awaited<ReturnType<typeof api.stop>>;
    expect(left).toBe(0);
    expect(waited(halt)).toBeGreaterThanOrEqual(2500);

    await api.resume(bot.id);
    expect(await heard(carried, ask, elsewhere)).toBe(401);
  });

  it("of what another is stopping already is told of that halt, and waits for it: effective is never said too early (P3)", async () => {
    const bot = await runningAgent();
    const first = await api.stop(bot.id, "suspend");
    const again = await api.call("POST", `/agents/${bot.id}/suspend`, { body: {} });
    expect(again.status).toBe(202);
    expect(again.body).toMatchObject({ changed: false, halt: { id: first.halt?.id, effective_at: null } });
    const patient = await api.stop(bot.id, "suspend?wait=effective");
    expect(patient.halt?.id).toBe(first.halt?.id);
    expect(waited(patient.halt)).toBeGreaterThanOrEqual(2500);
    const late = await api.call("POST", `/agents/${bot.id}/suspend?wait=effective`, { body: {} });
    expect(late.status).toBe(200);
    expect(late.body).toMatchObject({ changed: false, effective_in_ms: 0, halt: null });
  });

  it("becomes effective although the agent was resumed meanwhile: what was stopped stays stopped", async () => {
    const bot = await runningAgent();
    const carried = await token(bot.secret);
    const { halt } = await api.stop(bot.id, "suspend");
    await api.resume(bot.id);
    expect(waited(await effective(bot.id, halt?.id ?? ""))).toBeGreaterThanOrEqual(2500);
    expect(await heard(carried, ask)).toBe(401);
    expect(await heard(bot.secret, ask)).toBe("permitted");
  });

  it("with `freshness: always` refuses in every isolate at once, long before it is effective", async () => {
    const elsewhere = await anotherIsolate();
    const strict = await runningAgent({ freshness: "always" });
    const restricted = await runningAgent({ tier: "restricted" });
    for (const bot of [strict, restricted]) {
      const carried = await token(bot.secret);
      expect(await heard(carried, ask, elsewhere)).toBe("permitted");
      const { halt } = await api.stop(bot.id, "suspend");
      expect(halt?.effective_at).toBeNull();
      expect(await heard(carried, ask, elsewhere)).toBe(401);
      expect(await heard(bot.secret, ask, elsewhere)).toBe(401);
    }
  });
});

describe("an object that restarts during a halt", () => {
  it("waits the whole time again, because it remembers no lease holders, and the halt becomes effective (P3)", async () => {
    const bot = await runningAgent();
    const { halt } = await api.stop(bot.id, "suspend");
    await eventually(async () => {
      const { effective_in_ms: left } = await api.halt(bot.id, halt?.id ?? "");
      if (left > 2000) throw new Error("still at the beginning of its wait");
    });
    // Without the alarm that would wake it: being asked for anything is enough.
    await runInDurableObject(agentObject(bot.id), (_object, { storage }) => {
      storage.sql.exec("UPDATE timers SET due = due + 60000 WHERE kind = 'halt'");
    });
    await crash(bot.id);
    const restarted = Date.now();
    const begun = await api.halt(bot.id, halt?.id ?? "");
    expect(begun.effective_at).toBeNull();
    expect(begun.effective_in_ms).toBeGreaterThan(2000);
    expect(await heard(bot.secret, ask)).toBe(401);
    const { effective_at: at, committed_at: committed } = await effective(bot.id, halt?.id ?? "");
    expect(committed).toBe(halt?.committed_at);
    expect(Date.parse(at ?? "") - restarted).toBeGreaterThanOrEqual(2500);
  });

  it("comes back by itself when nobody asks: its alarm wakes it, and the trail shows the end of the halt (P3)", async () => {
    const bot = await runningAgent();
    const { halt } = await api.stop(bot.id, "revoke");
    await crash(bot.id);
    // Only the ledger is asked from here on.
    const [entry] = await eventually(async () => {
      const entries = await api.audit({ workspace: home, kind: "halt.effective", agent: bot.id });
      if (entries.length === 0) throw new Error("not in the trail yet");
      return entries;
    });
    expect(entry).toMatchObject({
      target: { type: "halt", id: halt?.id },
      data: { kind: "revoke", keys: [] },
    });
  });

  it("has lost no halt, no state and no answer (P3, P12)", async () => {
    const bot = await runningAgent();
    const options = { key: "stop-and-crash" };
    const first = await api.stop(bot.id, "suspend", options);
    await crash(bot.id);
    expect((await api.stop(bot.id, "suspend", options)).halt?.id).toBe(first.halt?.id);
    await crash(bot.id);
    const listed = (await api.call("GET", `/agents/${bot.id}/halts`)).body as { items: Halt[] };
    expect(listed.items.map(({ id, kind }) => [id, kind])).toEqual([[first.halt?.id, "suspend"]]);
    expect(await agentObject(bot.id).lease()).toMatchObject({ state: "suspended", epoch: 3 });
  });
});

describe("a halt receipt", () => {
  it("is signed when read, and whoever has the published keys can check it, wherever it went (P3)", async () => {
    const bot = await runningAgent();
    const carried = await token(bot.secret);
    const admitted = await eventually(async () => {
      expect(await heard(carried, ask)).toBe("permitted");
      return api.auditWith(1, { workspace: home, agent: bot.id, kind: "decision" });
    });
    const { halt } = await api.stop(bot.id, "suspend?wait=effective", { body: { reason: "drill" } });
    const receipt = await api.halt(bot.id, halt?.id ?? "");
    expect(receipt.last_admitted).toEqual({
      decision_id: admitted[0]?.decision_id,
      time: admitted[0]?.time,
    });
    const keys = await publishedKeys();
    const verified = await verifyHaltReceipt(receipt.receipt ?? "", { issuer: TEST_ISSUER, keys });
    const { receipt: _jws, effective_in_ms: _forecast, ...evidence } = receipt;
    expect(verified).toMatchObject({ ok: true, value: { iss: TEST_ISSUER, jti: halt?.id, halt: evidence } });

    const elsewhere = await verifyHaltReceipt(receipt.receipt ?? "", {
      issuer: "https://other.example",
      keys,
    });
    expect(elsewhere).toEqual({ ok: false, error: { kind: "wrong_issuer" } });
    const [header = "", payload = "", signature = ""] = (receipt.receipt ?? "").split(".");
    const forged = `${header}.${payload.slice(0, -2)}AA.${signature}`;
    expect((await verifyHaltReceipt(forged, { issuer: TEST_ISSUER, keys })).ok).toBe(false);
  });

  it("before it is effective says so: a signed receipt never claims what has not happened", async () => {
    const bot = await runningAgent();
    const { halt } = await api.stop(bot.id, "suspend");
    const receipt = await api.halt(bot.id, halt?.id ?? "");
    const verified = await verifyHaltReceipt(receipt.receipt ?? "", {
      issuer: TEST_ISSUER,
      keys: await publishedKeys(),
    });
    expect(verified).toMatchObject({ ok: true, value: { halt: { effective_at: null, bound_ms: 2600 } } });
  });

  it("of another agent, or of nobody, is not found (P11)", async () => {
    const [bot, other] = [await runningAgent(), await runningAgent()];
    const { halt } = await api.stop(bot.id, "suspend");
    for (const id of [halt?.id ?? "", "hlt_01k9v3m8q2x7n5r4t6w0y1z2a3", "x"]) {
      expect(problemOf(await api.call("GET", `/agents/${other.id}/halts/${id}`)).code).toBe("not_found");
    }
  });

  it("stands in the list of the agent's halts, the newest first", async () => {
    const bot = await runningAgent();
    const first = await api.stop(bot.id, "suspend");
    await api.resume(bot.id);
    const second = await api.revokeKey(bot.id, bot.key);
    const third = await api.stop(bot.id, "revoke");
    const { items } = (await api.call("GET", `/agents/${bot.id}/halts`)).body as { items: Halt[] };
    expect(items.map(({ id, kind }) => [id, kind])).toEqual([
      [third.halt?.id, "revoke"],
      [second.halt?.id, "key"],
      [first.halt?.id, "suspend"],
    ]);
  });
});

it("revokes for good: a database put back to an earlier state revives nothing (P5)", async () => {
  const bot = await runningAgent();
  const carried = await token(bot.secret);
  const { digest } = (await env.DB.prepare("SELECT digest FROM api_keys WHERE id = ?")
    .bind(bot.key)
    .first<{ digest: string }>()) ?? { digest: "" };
  expect(digest).not.toBe("");
  await api.stop(bot.id, "revoke?wait=effective");
  await expect
    .poll(async () => env.DB.prepare("SELECT state FROM agents WHERE id = ?").bind(bot.id).first("state"))
    .toBe("revoked");
  // The database of before: the row of the projection is gone back, as far as it lets itself be.
  await expect(
    env.DB.prepare("UPDATE agents SET state = 'active', revoked_at = NULL WHERE id = ?").bind(bot.id).run(),
  ).rejects.toThrow("dome: revoked is final");
  expect(await heard(bot.secret, ask)).toBe(401);
  expect(await heard(carried, ask)).toBe(401);
  expect((await api.show(bot.id)).state).toBe("revoked");
});
