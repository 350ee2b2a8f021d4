/**
 * No evidence, no action (P8): what is released to a caller was durable before. Shown by making the evidence fail, hang,
 * and be followed by a stop before the answer is out.
 */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { AuditEntry } from "../../src/contract/audit.ts";
import type { Decision, Explanation } from "../../src/contract/check.ts";
import type { RawEnv } from "../../src/env.ts";
import { bearer, done, expectSafeHeaders, jsonOf, send, type Answer } from "../security/calls.fixture.ts";
import {
  activeAgent,
  ADMIN,
  callToken,
  command,
  makeWorkspace,
  type TestAgent,
} from "../security/installation.fixture.ts";
import { everythingKept } from "../security/storage.fixture.ts";
import { everythingArrived, overridden, recording, trail } from "./audit.fixture.ts";

let agent: TestAgent;
const alarms: string[] = [];

afterAll(() => vi.restoreAllMocks());

beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation((line: string) => {
    alarms.push(line);
  });
  await makeWorkspace("default");
  await done("POST", "/api/v1/tools", { authorization: ADMIN, body: { name: "crm" } });
  agent = await activeAgent("default", "asker", { surface: { tools: ["crm"] } });
});

const check = (credential: string, raw: RawEnv = env): Promise<Answer> =>
  send("POST", "/api/v1/check", { authorization: bearer(credential), body: { tool: "crm" }, env: raw });

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const token = (key: string, raw: RawEnv = env): Promise<Answer> =>
  send("POST", "/api/v1/auth/token", {
    authorization: bearer(key),
    headers: FORM,
    body: "grant_type=client_credentials",
    env: raw,
  });

const FAILS = recording(() => Promise.reject(new Error("disk full")));
const HANGS = recording(() => new Promise(() => undefined));

describe("when the evidence cannot be made durable", () => {
  it.each([
    ["fails", FAILS],
    ["never answers", HANGS],
  ])("no decision is released because the outbox %s", async (_how, raw) => {
    for (const credential of [agent.key, await callToken(agent.key)]) {
      const answer = await check(credential, raw);
      expectSafeHeaders(answer);
      expect(answer.status).toBe(503);
      expect(answer.headers.get("retry-after")).toBe("1");
      expect(jsonOf(answer)).toMatchObject({ code: "unavailable" });
      expect(answer.text).not.toMatch(/"decision"|permitted|dec_/);
    }
  });

  it.each([
    ["fails", FAILS],
    ["never answers", HANGS],
  ])("no token is released because the outbox %s", async (_how, raw) => {
    const answer = await token(agent.key, raw);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(jsonOf(answer)).toEqual({
      error: "temporarily_unavailable",
      error_description: "Dome cannot decide right now whether the request is allowed. Repeat the request.",
    });
  });

  it("no reading of the trail is released either", async () => {
    const answer = await send("GET", "/api/v1/audit", { authorization: ADMIN, env: FAILS });
    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain(agent.id);
  });

  it("there is an alarm for each, which names the record and not the act", () => {
    const lines = alarms.map((line) => JSON.parse(line) as { event: string; kind: string });
    const raised = lines.filter(({ event }) => event.startsWith("audit."));
    expect(raised.map(({ event, kind }) => `${event} ${kind}`)).toEqual([
      ...Array.from({ length: 4 }, () => "audit.unavailable decision"),
      ...Array.from({ length: 2 }, () => "audit.unavailable token.issued"),
      "audit.unavailable audit.read",
    ]);
  });

  it("the next is decided as soon as it can be recorded", async () => {
    expect(jsonOf(await check(agent.key))).toMatchObject({ decision: "allow" });
  });
});

describe("when a decision is released", () => {
  it("its record is durable already, in the outbox or the ledger", async () => {
    const answer = await check(agent.key);
    const { decision_id: id } = jsonOf(answer) as Decision;
    const places = (await everythingKept()).filter(([, text]) => text.includes(id)).map(([place]) => place);
    expect(["AGENT outbox", "LEDGER entries"]).toContain(places[0]);
  });

  it("and a token: its record is durable already", async () => {
    const { access_token: text } = jsonOf(await token(agent.key)) as { access_token: string };
    const jti = (JSON.parse(atob(text.split(".")[1] ?? "")) as { jti: string }).jti;
    const places = (await everythingKept()).filter(([, kept]) => kept.includes(jti)).map(([place]) => place);
    expect(["AGENT outbox", "LEDGER entries"]).toContain(places[0]);
  });
});

describe("when a stop comes between evidence and release", () => {
  /** Records, and stops the agent before the caller hears of it. */
  const stopping = (stopped: TestAgent): RawEnv =>
    recording(async (record, drafts) => {
      await record();
      if (
        drafts.some((draft) => "kind" in draft && ["decision", "token.issued"].includes(String(draft.kind)))
      ) {
        await command(stopped, "suspend");
      }
    });

  it("the answer is withheld, and the trail says so (P3)", async () => {
    const stopped = await activeAgent("default", "stopped-while-asking", { surface: { tools: ["crm"] } });
    const answer = await check(stopped.key, stopping(stopped));
    expect(answer.status).toBe(401);
    expect(answer.text).not.toMatch(/"decision"|permitted|dec_/);
    await everythingArrived();
    const records = await trail(`agent=${stopped.id}&order=oldest`);
    const decided = records.filter(({ decision_id: id }) => id !== undefined);
    expect(decided).toMatchObject([
      { kind: "decision", decision: "allow", reason: "permitted" },
      { kind: "decision.withheld", reason: "not_admitted", layer: "lease", outcome: "not_admitted" },
    ]);
    expect(decided[0]?.decision_id).toBe(decided[1]?.decision_id);
    expect(decided[0]?.txn).toBe(decided[1]?.txn);
    const explained = await done<Explanation>("GET", `/api/v1/decisions/${decided[0]?.decision_id}`, {
      authorization: ADMIN,
    });
    expect(explained).toMatchObject({ decision: "allow", released: false });
  });

  it("the token is withheld, and what it would have opened stays shut (P3)", async () => {
    const stopped = await activeAgent("default", "stopped-while-exchanging");
    const answer = await token(stopped.key, stopping(stopped));
    expect(answer.status).toBe(401);
    expect(jsonOf(answer)).toMatchObject({ error: "invalid_client" });
    expect(answer.text).not.toContain("eyJ");
    await everythingArrived();
    const records = await trail(`agent=${stopped.id}&order=oldest`);
    const story = records.filter(({ kind }: AuditEntry) => /^(?:token|credential)\./.test(kind));
    // Once, and in one form: the key was good, so its holder is not one whose credential was refused.
    expect(story).toMatchObject([
      { kind: "token.issued" },
      { kind: "token.withheld", reason: "not_admitted", layer: "lease", outcome: "not_admitted" },
    ]);
    expect(story[0]?.target).toEqual(story[1]?.target);
  });

  it("a token is undecided without a lease at the last step: its key is good, and is not refused", async () => {
    const stopped = await activeAgent("default", "lost-while-exchanging");
    let away = false;
    const raw = recording(async (record, drafts) => {
      await record();
      if (!drafts.some((draft) => "kind" in draft && draft.kind === "token.issued")) return;
      await command(stopped, "suspend"); // this isolate's lease is gone
      away = true;
    });
    const AGENT = overridden(
      raw.AGENT,
      "get",
      (get) =>
        (...ids) =>
          overridden(
            get(...ids) as object,
            "lease",
            (real) => async () => (away ? Promise.reject(new Error("away")) : real()),
          ),
    );
    const answer = await token(stopped.key, { ...raw, AGENT });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(jsonOf(answer)).toMatchObject({ error: "temporarily_unavailable" });
    await everythingArrived();
    const kinds = (await trail(`agent=${stopped.id}&order=oldest`)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => /^(?:token|credential)\./.test(kind))).toEqual([
      "token.issued",
      "token.withheld",
    ]);
  });

  it("a receipt names the last decision that was released, not the withheld one", async () => {
    const stopped = await activeAgent("default", "stopped-with-receipt", { surface: { tools: ["crm"] } });
    const { decision_id: released } = jsonOf(await check(stopped.key)) as Decision;
    expect((await check(stopped.key, stopping(stopped))).status).toBe(401);
    await everythingArrived();
    const { items } = await done<{ items: { id: string }[] }>("GET", `/api/v1/agents/${stopped.id}/halts`, {
      authorization: ADMIN,
    });
    const receipt = await done<{ last_admitted: { decision_id: string } | null }>(
      "GET",
      `/api/v1/agents/${stopped.id}/halts/${items[0]?.id}`,
      { authorization: ADMIN },
    );
    expect(receipt.last_admitted?.decision_id).toBe(released);
  });
});
