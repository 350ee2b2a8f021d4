/** What the queue gave up on is not lost: an operator brings it to its ledger, as often as it takes (P8). */
import { cedarModule } from "../../src/cedar-module.ts";
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import type { AuditRecord } from "../../src/contract/audit.ts";
import { LedgerClient } from "../../src/objects/ledger-client.ts";
import { replayDeadLetters } from "../../src/operations/replay-dead-letters.ts";
import { services } from "../../src/wire.ts";
import { sampleId, sampleRecord } from "../support/audit-sample.ts";
import { operator } from "../support/worker-api.ts";
import { shown } from "./ledger.fixture.ts";

const api = operator();
const org = env.LEDGER.getByName("org");
let ledgers = 0;
let workspace: string;

beforeEach(() => {
  workspace = sampleId("wsp", 9_000 + (ledgers += 1));
});

const record = (n: number): AuditRecord =>
  sampleRecord(n, { workspace, id: sampleId("evt", ledgers * 10_000 + n) });
const keep = (bodies: readonly unknown[]) =>
  org.keepDeadLetters(
    bodies.map((body, i) => ({ id: `${workspace}-${i + 1000}`, attempts: 101, body })) as never,
  );
const replay = () => api.call("POST", "/audit/replay");

it("brings each letter to its own ledger, and keeps none that its ledger has", async () => {
  await keep([record(1), record(2), record(3)]);
  expect((await replay()).body).toEqual({ replayed: 3, left: 0 });
  expect(await shown(env.LEDGER.getByName(workspace), { order: "oldest" })).toEqual([1, 2, 3]);
  expect((await org.status()).dead_letters).toBe(0);
});

it("merges what the ledger has already, so that a replay that was cut off is repeated safely", async () => {
  await env.LEDGER.getByName(workspace).append([record(1)]);
  await keep([record(1), record(2)]);
  expect((await replay()).body).toEqual({ replayed: 2, left: 0 });
  expect(await shown(env.LEDGER.getByName(workspace), { order: "oldest" })).toEqual([1, 2]);
});

it("brings more letters than one statement takes parameters", async () => {
  await keep(Array.from({ length: 250 }, (_, i) => record(i + 1)));
  expect((await replay()).body).toEqual({ replayed: 250, left: 0 });
  expect((await env.LEDGER.getByName(workspace).status()).last_seq).toBe(250);
});

it("keeps what cannot be read aside in a ledger, and does not bring it again", async () => {
  await keep(["no record", { workspace, kind: "nothing" }]);
  expect((await replay()).body).toEqual({ replayed: 2, left: 0 });
  expect((await env.LEDGER.getByName(workspace).status()).rejected).toBe(1);
});

it("keeps the letters of a ledger that takes nothing, and brings those of the others", async () => {
  const full = sampleId("wsp", 8_000 + ledgers);
  await keep([record(1), { ...record(2), workspace: full }]);
  const { operations } = await services(env, { waitUntil: () => undefined }, cedarModule);
  const real = new LedgerClient(env.LEDGER);
  const refusing = {
    append: async (ledger: string, records: readonly unknown[]) => {
      if (ledger === full) throw new Error("ledger_full");
      return real.append(ledger as never, records);
    },
    deadLetters: (after: string, limit: number) => real.deadLetters(after, limit),
    dropDeadLetters: (ids: readonly string[]) => real.dropDeadLetters(ids),
  };
  const request = {
    operator: { subject: "ada", token: "opt_1", role: "admin", workspaces: null },
    id: "req_1",
    key: null,
    facts: { method: "POST" },
  } as never;
  const answer = await replayDeadLetters({ ...operations, ledgers: refusing }, request);
  expect(answer).toEqual({ ok: true, value: { replayed: 1, left: 1 } });
  expect((await replay()).body).toEqual({ replayed: 1, left: 0 });
});
