import { describe, expect, test } from "vitest";
import {
  answerFor,
  dueForRenewal,
  isCurrent,
  isKeyLive,
  LEASE_TTL_MS,
  MARGIN_MS,
  REFUSAL_KEEP_MS,
  RENEWAL_TIMEOUT_MS,
  STOP_WAIT_MS,
  userEpochOf,
  workspaceAnswerFor,
  type AgentAnswer,
  type AgentRow,
  type Lease,
  type WorkspaceRow,
} from "../../../src/lifecycle/lease.ts";
import { LeaseBook } from "../../../src/lifecycle/lease-book.ts";

const T0 = 1_000_000;
const at = (askedAt: number, ttl_ms = 2000): Lease<{ ttl_ms: number }> => ({ answer: { ttl_ms }, askedAt });

test("the constants are the published ones", () => {
  expect([LEASE_TTL_MS, MARGIN_MS, STOP_WAIT_MS, RENEWAL_TIMEOUT_MS, REFUSAL_KEEP_MS]).toEqual([
    2000, 500, 2500, 800, 250,
  ]);
});

describe("a lease", () => {
  test.each([
    [T0 - 1, false],
    [T0, true],
    [T0 + 1499, true],
    [T0 + 1500, false],
    [T0 + 2000, false],
  ])("asked for at 1,000,000 is current at %i: %s, a margin before its object says (P3)", (now, is) => {
    expect(isCurrent(at(T0), now)).toBe(is);
  });

  test("with a life shorter than the margin is never current", () => {
    expect(isCurrent(at(T0, 400), T0)).toBe(false);
  });

  test("is due for renewal past half of its usable life", () => {
    expect(dueForRenewal(at(T0), T0 + 749)).toBe(false);
    expect(dueForRenewal(at(T0), T0 + 750)).toBe(true);
  });

  test("vouches for a key until a margin before the key expires, and for no key it does not name", () => {
    const answer: AgentAnswer = {
      state: "active",
      epoch: 1,
      keys: [
        { id: "key_ever", ttl_ms: null },
        { id: "key_soon", ttl_ms: 900 },
      ],
      record_version: 1,
      revoked: [],
      ttl_ms: 2000,
    };
    const lease = { answer, askedAt: T0 };
    expect(isKeyLive(lease, "key_ever", T0 + 1499)).toBe(true);
    expect(isKeyLive(lease, "key_soon", T0 + 399)).toBe(true);
    expect(isKeyLive(lease, "key_soon", T0 + 400)).toBe(false);
    expect(isKeyLive(lease, "key_other", T0)).toBe(false);
  });
});

describe("the book of leases", () => {
  test("gives a lease while it is current, and not any longer", () => {
    const book = new LeaseBook();
    book.put("a", at(T0));
    expect(book.get("a", T0 + 1499)).toEqual(at(T0));
    expect(book.get("a", T0 + 1500)).toBeUndefined();
  });

  test("drops all leases when the clock steps back, also those that still look current (P3)", () => {
    const book = new LeaseBook();
    book.put("a", at(T0));
    book.put("b", at(T0));
    expect(book.get("a", T0 + 1000)).toBeDefined();
    expect(book.get("a", T0 + 999)).toBeUndefined();
    expect(book.get("b", T0 + 1000)).toBeUndefined();
    expect(book.size).toBe(0);
  });

  test("keeps no answer that was asked for before the clock stepped back and came after (P3)", () => {
    const book = new LeaseBook();
    const asking = book.asking(T0);
    book.get("other", T0 - 700);
    book.put("a", { answer: { ttl_ms: 2000 }, ...asking });
    expect(book.get("a", T0 + 100)).toBeUndefined();
    book.put("a", { answer: { ttl_ms: 2000 }, ...book.asking(T0 + 100) });
    expect(book.get("a", T0 + 100)).toBeDefined();
  });

  test("sees a step back when it is asked for an asking, too", () => {
    const book = new LeaseBook();
    book.put("a", at(T0));
    expect(book.asking(T0 - 1)).toEqual({ askedAt: T0 - 1, era: 1, order: 1 });
    expect(book.size).toBe(0);
  });

  test("takes a lease without an era for one from before any step, and so keeps none after a step", () => {
    const book = new LeaseBook();
    book.get("a", T0);
    book.get("a", T0 - 1);
    book.put("a", at(T0));
    expect(book.size).toBe(0);
  });

  test("does not wait for the clock to come round to an answer that was asked for in its future (P3)", () => {
    const book = new LeaseBook();
    book.put("a", at(T0 + 3_600_000));
    expect(book.get("other", T0)).toBeUndefined();
    expect(book.get("a", T0 + 3_600_000)).toBeUndefined();
  });

  test("keeps the lease that was asked for later when answers overtake each other", () => {
    const book = new LeaseBook();
    book.put("a", at(T0 + 100));
    book.put("a", at(T0));
    expect(book.get("a", T0 + 200)).toEqual(at(T0 + 100));
  });

  test("is bounded, and gives up the least recently used lease first", () => {
    const book = new LeaseBook(2);
    book.put("a", at(T0));
    book.put("b", at(T0));
    expect(book.get("a", T0)).toBeDefined();
    book.put("c", at(T0));
    expect(book.size).toBe(2);
    expect(book.get("b", T0)).toBeUndefined();
    expect(book.get("a", T0)).toBeDefined();
    expect(book.get("c", T0)).toBeDefined();
  });

  test("keeps no answer that is older than one it had no room for: a call that asks afresh would be admitted by it (P3)", () => {
    const book = new LeaseBook(2);
    const beforeStop = book.asking(T0);
    const afterStop = book.asking(T0 + 1);
    book.put("a", { answer: { ttl_ms: LEASE_TTL_MS }, ...afterStop });
    for (const other of ["b", "c"])
      book.put(other, { answer: { ttl_ms: LEASE_TTL_MS }, ...book.asking(T0 + 1) });
    expect(book.get("a", T0 + 1)).toBeUndefined();
    book.put("a", { answer: { ttl_ms: LEASE_TTL_MS }, ...beforeStop });
    expect(book.get("a", T0 + 1)).toBeUndefined();

    const again = book.asking(T0 + 2);
    book.put("a", { answer: { ttl_ms: LEASE_TTL_MS }, ...again });
    expect(book.get("a", T0 + 2)).toMatchObject(again);
  });

  test("remembers that a lease was dropped, also when it had no room to: older answers do not show the change", () => {
    const book = new LeaseBook(1);
    const before = book.asking(T0);
    book.drop("a");
    book.put("b", { answer: { ttl_ms: LEASE_TTL_MS }, ...book.asking(T0) });
    book.put("a", { answer: { ttl_ms: LEASE_TTL_MS }, ...before });
    expect(book.get("a", T0)).toBeUndefined();
  });

  test("holds 10,000 leases by default", () => {
    const book = new LeaseBook();
    for (let number = 0; number < 10_001; number += 1) book.put(`agent${number}`, at(T0));
    expect(book.size).toBe(10_000);
    expect(book.get("agent0", T0)).toBeUndefined();
  });

  test("drops one lease on request", () => {
    const book = new LeaseBook();
    book.put("a", at(T0));
    book.put("b", at(T0));
    book.drop("a");
    expect(book.get("a", T0)).toBeUndefined();
    expect(book.get("b", T0)).toBeDefined();
  });
});

describe("what an AgentObject answers", () => {
  const row: AgentRow = {
    state: "active",
    epoch: 3,
    recordVersion: 7,
    expiresAt: null,
    keys: [
      { id: "key_ever", expiresAt: null },
      { id: "key_soon", expiresAt: T0 + 900 },
      { id: "key_over", expiresAt: T0 },
    ],
    revokedTokens: ["tok_1"],
  };

  test("is a duration, with the keys that are live now", () => {
    expect(answerFor(row, T0)).toEqual({
      state: "active",
      epoch: 3,
      keys: [
        { id: "key_ever", ttl_ms: null },
        { id: "key_soon", ttl_ms: 900 },
      ],
      record_version: 7,
      revoked: ["tok_1"],
      ttl_ms: 2000,
    });
  });

  test("lasts no longer than the agent does", () => {
    const answer = answerFor({ ...row, expiresAt: T0 + 1200 }, T0);
    expect(answer).toMatchObject({ state: "active", ttl_ms: 1700 });
    expect(isCurrent({ answer, askedAt: T0 }, T0 + 1199)).toBe(true);
    expect(isCurrent({ answer, askedAt: T0 }, T0 + 1200)).toBe(false);
    expect(answerFor({ ...row, expiresAt: T0 + 3000 }, T0)).toMatchObject({ state: "active", ttl_ms: 2000 });
  });

  test("is suspended from the moment the agent expires, before any timer has run", () => {
    expect(answerFor({ ...row, expiresAt: T0 }, T0)).toMatchObject({
      state: "suspended",
      epoch: 3,
      ttl_ms: 750,
    });
  });

  test.each(["provisioned", "suspended", "revoked"] as const)(
    "is kept for 250 ms when the agent is %s, so that a start is seen soon",
    (state) => {
      const answer = answerFor({ ...row, state, expiresAt: T0 + 100 }, T0);
      expect(answer.state).toBe(state);
      expect(isCurrent({ answer, askedAt: T0 }, T0 + 249)).toBe(true);
      expect(isCurrent({ answer, askedAt: T0 }, T0 + 250)).toBe(false);
    },
  );

  test("is absent when there is no row, with nothing that could admit (P1)", () => {
    expect(answerFor(null, T0)).toEqual({
      state: "absent",
      epoch: 0,
      keys: [],
      record_version: 0,
      revoked: [],
      ttl_ms: 750,
    });
  });
});

describe("what a WorkspaceObject answers", () => {
  const row: WorkspaceRow = {
    configEpoch: 4,
    haltEpoch: 2,
    halted: false,
    stoppedUsers: ["usr_1"],
    stoppedTxns: [{ txn: "txn_1", stoppedAt: T0 }],
  };

  test("carries its epochs and what is stopped", () => {
    expect(workspaceAnswerFor(row, T0)).toEqual({
      config_epoch: 4,
      halt_epoch: 2,
      halted: false,
      stopped_users: ["usr_1"],
      stopped_txns: ["txn_1"],
      resumed_users: [],
      ttl_ms: 2000,
    });
  });

  test("says how long ago a user was let go on, for as long as older tokens may live (P3)", () => {
    const resumedUsers = [{ user: "usr_2", epoch: 3, resumedAt: T0 }];
    const answer = workspaceAnswerFor({ ...row, resumedUsers }, T0 + 5);
    expect(answer.resumed_users).toEqual([{ user: "usr_2", epoch: 3, ms_ago: 5 }]);
    expect([userEpochOf(answer, "usr_2"), userEpochOf(answer, "usr_1")]).toEqual([3, 0]);
    // An ID token may be an hour old, and clocks a minute apart.
    const hour = workspaceAnswerFor({ ...row, resumedUsers }, T0 + 3_720_000);
    expect(hour.resumed_users).toHaveLength(1);
    const later = workspaceAnswerFor({ ...row, resumedUsers }, T0 + 4_000_000);
    expect([later.resumed_users, userEpochOf(later, "usr_2")]).toEqual([[], 0]);
    const steppedBack = workspaceAnswerFor({ ...row, resumedUsers }, T0 - 1);
    expect(steppedBack.resumed_users).toMatchObject([{ ms_ago: 0 }]);
  });

  test("has a version instead of lists of more than 1,000 entries, users and transactions counted together", () => {
    const users = Array.from({ length: 999 }, (_, number) => `usr_${number}`);
    const many = { ...row, stoppedUsers: users, stopsVersion: 7 };
    expect(workspaceAnswerFor(many, T0)).toMatchObject({ stopped_users: users, stopped_txns: ["txn_1"] });
    expect(workspaceAnswerFor(many, T0)).not.toHaveProperty("stops_version");
    expect(workspaceAnswerFor({ ...many, stoppedUsers: [...users, "usr_999"] }, T0)).toEqual({
      config_epoch: 4,
      halt_epoch: 2,
      halted: false,
      stopped_users: [],
      stopped_txns: [],
      resumed_users: [],
      stops_version: 7,
      ttl_ms: 2000,
    });
  });

  test("lists a stopped transaction for ten minutes: no call token that carries it lives longer", () => {
    expect(workspaceAnswerFor(row, T0 + 599_999).stopped_txns).toEqual(["txn_1"]);
    expect(workspaceAnswerFor(row, T0 + 600_000).stopped_txns).toEqual([]);
  });

  test("is kept for 250 ms when the workspace is halted", () => {
    expect(workspaceAnswerFor({ ...row, halted: true }, T0)).toMatchObject({ halted: true, ttl_ms: 750 });
  });
});
