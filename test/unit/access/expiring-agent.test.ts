/**
 * An agent in its last moments before `expires_at`: it is served until then and refused from then on. "Ask again" is for
 * what cannot be decided, and here everything is known.
 */
import { expect, test } from "vitest";
import { LeaseClient } from "../../../src/access/lease-client.ts";
import { LeaseBook } from "../../../src/lifecycle/lease-book.ts";
import { answerFor, STOP_WAIT_MS, type AgentRow } from "../../../src/lifecycle/lease.ts";
import { ManualTime } from "../../support/manual-timers.ts";
import { STATE } from "./release.fixture.ts";

const EXPIRES_AT = 1_010_000;
const ROW: AgentRow = {
  state: "active",
  epoch: 2,
  recordVersion: 1,
  expiresAt: EXPIRES_AT,
  keys: [{ id: "key_1", expiresAt: null }],
  revokedTokens: [],
};
const WORKSPACE = {
  config_epoch: 1,
  halt_epoch: 1,
  halted: false,
  stopped_users: [],
  stopped_txns: [],
  ttl_ms: 2000,
};

/** An isolate whose objects take so long to answer, and have read their rows when half of the time is over. */
function isolate(time: ManualTime, takesMs: number): LeaseClient {
  const answer = async <A>(give: () => A): Promise<A> => {
    await time.sleep(takesMs / 2);
    const given = give();
    await time.sleep(takesMs / 2);
    return given;
  };
  return new LeaseClient({
    source: {
      agent: () => answer(() => answerFor(ROW, time.now())),
      workspace: () => answer(() => WORKSPACE),
      org: () => answer(() => ({ config_epoch: 1, ttl_ms: 2000 })),
    },
    books: { agents: new LeaseBook(), workspaces: new LeaseBook(), org: new LeaseBook() },
    clock: time,
    timers: time,
    random: { bytes: () => new Uint8Array([255]) },
    background: () => undefined,
  });
}

/** What a call hears that begins so long before the end, and when. */
async function heard(leftMs: number, takesMs: number) {
  const time = new ManualTime(EXPIRES_AT - leftMs);
  const leases = isolate(time, takesMs);
  const said: string[] = [];
  const call = async (): Promise<void> => {
    const admitted = await leases.admits(STATE, "leased");
    said.push(admitted.ok ? "admitted" : admitted.error.kind);
  };
  const over = call();
  while (said.length === 0) await time.advance(1);
  await over;
  return { said: said[0], leftMs: EXPIRES_AT - time.now() };
}

const TAKES_MS = [2, 20, 100];

test.each(TAKES_MS)(
  "is admitted until it expires and refused from then on, with objects that take %i ms, and never undecided",
  async (takesMs) => {
    for (let leftMs = 700; leftMs > -5; leftMs -= 5) {
      const { said, leftMs: leftThen } = await heard(leftMs, takesMs);
      expect({ leftMs, said }).toEqual({ leftMs, said: leftThen > 0 ? "admitted" : "agent_not_active" });
    }
  },
);

test("is believed to be active by no isolate when the stop at its end is effective (P3)", () => {
  for (let leftMs = 1; leftMs <= 3_000; leftMs += 1) {
    const { ttl_ms: ttl } = answerFor(ROW, EXPIRES_AT - leftMs);
    // By the object's clock; what an isolate's clock may add is what the margin is for.
    expect(ttl - leftMs).toBeLessThanOrEqual(STOP_WAIT_MS - 2_000);
  }
});
