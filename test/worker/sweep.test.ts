/** The scheduled sweep: one step that fails is in no other's way. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { LogFields } from "../../src/kernel/log.ts";
import type { Owners } from "../../src/operations/owners/owners.ts";
import type { OperationPorts } from "../../src/operations/request/ports.ts";
import { sweep } from "../../src/operations/sweep.ts";
import { appendAudit } from "../../src/storage/audit-outbox.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { auditOutbox } from "../../src/storage/tables/changes.ts";
import { sweepPorts } from "../../src/wire.ts";
import { sampleDraft, sampleId } from "../support/audit-sample.ts";
import { operator } from "../support/worker-api.ts";

const db = openDatabase(env.DB);
const [BROKEN, WHOLE] = [sampleId("agt", 1), sampleId("agt", 2)];

beforeEach(async () => {
  await db.delete(auditOutbox);
  for (const owner of [BROKEN, WHOLE]) {
    const [number, row] = appendAudit(db, owner, [sampleDraft(1)], 0);
    if (number !== undefined && row !== undefined) await db.batch([number, row]);
  }
});

interface Seen {
  readonly failed: LogFields[];
  readonly woken: string[];
}

/** The sweep with objects that only note that they were woken, of which one throws. */
async function swept(changes: (real: OperationPorts) => Partial<OperationPorts>): Promise<Seen> {
  const seen: Seen = { failed: [], woken: [] };
  const real = await sweepPorts(env);
  const owners: Owners = {
    ...real.owners,
    org: () => real.owners.org(),
    agent: (id) => ({
      ...real.owners.agent(id),
      drainAudit: () => {
        if (id === BROKEN) return Promise.reject(new Error("this object is away"));
        seen.woken.push(id);
        return Promise.resolve();
      },
    }),
  };
  const ports = { ...real, owners };
  await sweep({
    ...ports,
    ...changes(ports),
    log: {
      write: (_level, event, fields = {}) => {
        if (event === "sweep.failed") seen.failed.push(fields);
      },
    },
  });
  return seen;
}

it("wakes every other object when one throws, and says which one did", async () => {
  const { woken, failed } = await swept(() => ({}));
  expect(woken).toEqual([WHOLE]);
  expect(failed).toEqual([{ step: "audit_outbox", owner: BROKEN, fault: "Error: this object is away" }]);
});

it("rotates a signing key that is due although objects are away, because without one there is no token", async () => {
  await operator().call("POST", "/signing-keys/rotate", { body: { use: "token", mode: "now" } });
  await env.DB.prepare("UPDATE signing_keys SET not_before = ? WHERE \"use\" = 'token'")
    .bind(Date.now() - 29.5 * 86_400_000)
    .run();
  const made = () =>
    env.DB.prepare("SELECT count(*) AS n FROM signing_keys WHERE \"use\" = 'token'").first<number>("n");
  const before = await made();
  await swept(() => ({}));
  expect(await made()).toBe((before ?? 0) + 1);
});

it("goes on to the objects when the signing keys cannot be rotated", async () => {
  const { woken, failed } = await swept(({ owners }) => ({
    owners: {
      ...owners,
      agent: (id) => owners.agent(id),
      workspace: (id) => owners.workspace(id),
      org: () => {
        throw new Error("org is away");
      },
    },
    clock: { now: () => Date.now() + 400 * 86_400_000 },
  }));
  expect(woken).toEqual([WHOLE]);
  expect(failed.map(({ step, use }) => [step, use])).toContainEqual(["signing_keys", "token"]);
});

describe("more owners than one sweep wakes", () => {
  const MINUTE_MS = 60_000;
  const owners = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => sampleId("agt", from + index));

  /** Who is woken, sweep by sweep, when none of it helps: the rows stay. */
  async function wokenIn(minutes: readonly number[]): Promise<string[][]> {
    const rounds: string[][] = [];
    for (const minute of minutes) {
      const round: string[] = [];
      await swept(({ owners: known }) => ({
        clock: { now: () => minute * MINUTE_MS },
        owners: {
          ...known,
          org: () => known.org(),
          agent: (id) => ({
            ...known.agent(id),
            drainAudit: () => {
              round.push(id);
              return Promise.reject(new Error("this object is away"));
            },
          }),
        },
      }));
      rounds.push(round);
    }
    return rounds;
  }

  /** A row of each owner, of the age of its place. */
  async function late(ids: readonly string[]): Promise<void> {
    await db.delete(auditOutbox);
    await env.DB.batch(
      ids.map((owner, index) =>
        env.DB.prepare(
          "INSERT INTO audit_outbox (producer, n, owner, record, created_at) VALUES (?1, 1, ?1, '{}', ?2)",
        ).bind(owner, index),
      ),
    );
  }

  it("wakes those whose records have waited longest together, and all of them in turn: who always fails starves nobody", async () => {
    const all = owners(1_000, 250).toReversed(); // the oldest row is not of the first id
    await late(all);
    const rounds = await wokenIn([300, 301, 302, 303]);
    expect(rounds.map((round) => new Set(round))).toEqual([
      new Set(all.slice(0, 100)),
      new Set(all.slice(100, 200)),
      new Set(all.slice(200)),
      new Set(all.slice(0, 100)),
    ]);
  });

  it("wakes up to a hundred at each sweep, whatever the minute", async () => {
    const all = owners(2_000, 100);
    await late(all);
    const rounds = await wokenIn([300, 301]);
    expect(rounds.map((round) => round.length)).toEqual([100, 100]);
  });
});
