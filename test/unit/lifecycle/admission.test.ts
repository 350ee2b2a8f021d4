import { describe, expect, test } from "vitest";
import { admit, type TokenState, type LeaseSet } from "../../../src/lifecycle/admission.ts";
import type { AgentAnswer, Lease, WorkspaceAnswer } from "../../../src/lifecycle/lease.ts";

const NOW = 1_000_000;

/** The outermost actor, an agent in between, and the subject: the newest first. */
const state: TokenState = {
  workspace: "wsp_1",
  chain: [
    { agent: "agt_actor", epoch: 5, key: "key_actor" },
    { agent: "agt_middle", epoch: 6, key: "key_middle" },
    { agent: "agt_subject", epoch: 7, key: "key_subject" },
  ],
  haltEpoch: 2,
  path: ["tok_first", "tok_second", "tok_third"],
  user: "usr_1",
  txn: "txn_1",
};
const AGENTS = ["agt_actor", "agt_middle", "agt_subject"] as const;
type Agent = (typeof AGENTS)[number];

const answers: Readonly<Record<Agent, AgentAnswer>> = {
  agt_actor: active(5, "key_actor"),
  agt_middle: active(6, "key_middle"),
  agt_subject: active(7, "key_subject"),
};

function active(epoch: number, key: string): AgentAnswer {
  return {
    state: "active",
    epoch,
    keys: [{ id: key, ttl_ms: null }],
    record_version: 1,
    revoked: [],
    ttl_ms: 2000,
  };
}

const open: WorkspaceAnswer = {
  config_epoch: 1,
  halt_epoch: 2,
  halted: false,
  stopped_users: ["usr_2"],
  stopped_txns: ["txn_2"],
  ttl_ms: 2000,
};

const fresh = <A>(answer: A): Lease<A> => ({ answer, askedAt: NOW });

function leases(change: { agent?: Agent; answer?: Partial<AgentAnswer>; askedAt?: number } = {}): LeaseSet {
  const agents = new Map(
    AGENTS.map((id) => {
      if (id !== change.agent) return [id, fresh(answers[id])];
      return [id, { answer: { ...answers[id], ...change.answer }, askedAt: change.askedAt ?? NOW }];
    }),
  );
  return { agents, workspace: fresh(open), org: fresh({ config_epoch: 1, ttl_ms: 2000 }) };
}

const withWorkspace = (change: Partial<WorkspaceAnswer>): LeaseSet => ({
  ...leases(),
  workspace: fresh({ ...open, ...change }),
});

const refused = (error: unknown) => ({ ok: false, error });

test("admits a chain of which every agent is active, under epochs and keys that are current", () => {
  expect(admit(state, leases(), NOW)).toEqual({ ok: true, value: undefined });
  expect(admit(state, leases(), NOW + 1499)).toEqual({ ok: true, value: undefined });
});

test("refuses an empty chain: it is nobody's (P1)", () => {
  expect(admit({ ...state, chain: [] }, leases(), NOW)).toEqual(
    refused({ kind: "no_lease", of: "agent", id: "" }),
  );
});

describe.each(AGENTS)("one agent stops the chain, here %s (P6)", (agent) => {
  test.each(["provisioned", "suspended", "revoked", "absent"] as const)("when it is %s", (now) => {
    expect(admit(state, leases({ agent, answer: { state: now } }), NOW)).toEqual(
      refused({ kind: "agent_not_active", agent, state: now }),
    );
  });

  test("when there is no lease of it", () => {
    const { agents, ...rest } = leases();
    const others = new Map([...agents].filter(([id]) => id !== agent));
    expect(admit(state, { ...rest, agents: others }, NOW)).toEqual(
      refused({ kind: "no_lease", of: "agent", id: agent }),
    );
  });

  test("when its lease has ended, a margin before the object thinks so (P3)", () => {
    expect(admit(state, leases({ agent, askedAt: NOW - 1499 }), NOW).ok).toBe(true);
    expect(admit(state, leases({ agent, askedAt: NOW - 1500 }), NOW)).toEqual(
      refused({ kind: "no_lease", of: "agent", id: agent }),
    );
  });

  test("when its lease is from the future: the clock has stepped back", () => {
    expect(admit(state, leases({ agent, askedAt: NOW + 1 }), NOW)).toEqual(
      refused({ kind: "no_lease", of: "agent", id: agent }),
    );
  });

  test("when it is draining", () => {
    // oxlint-disable-next-line unicorn/no-thenable -- the word of the interface, and no function
    const draining = { deadline_ms: 5000, then: "suspended" } as const;
    expect(admit(state, leases({ agent, answer: { draining } }), NOW)).toEqual(
      refused({ kind: "draining", agent, left_ms: 5000 }),
    );
  });

  test.each([-1, 1])("when its epoch differs by %i, so that no start revives an old token (P3)", (by) => {
    const epoch = answers[agent].epoch + by;
    expect(admit(state, leases({ agent, answer: { epoch } }), NOW)).toEqual(
      refused({ kind: "epoch_changed", agent }),
    );
  });

  test("when the key that its part was minted from is revoked (P3)", () => {
    const key = agent.replace("agt", "key");
    const keys = [{ id: "key_other", ttl_ms: null }];
    expect(admit(state, leases({ agent, answer: { keys } }), NOW)).toEqual(
      refused({ kind: "key_not_live", agent, key }),
    );
  });

  test("when that key has expired since the lease was asked for", () => {
    const key = agent.replace("agt", "key");
    const change = { agent, answer: { keys: [{ id: key, ttl_ms: 900 }] } };
    expect(admit(state, leases(change), NOW + 399).ok).toBe(true);
    expect(admit(state, leases(change), NOW + 400)).toEqual(refused({ kind: "key_not_live", agent, key }));
  });

  test.each(state.path)("when it has revoked %s, the token or an ancestor of it", (jti) => {
    expect(admit(state, leases({ agent, answer: { revoked: ["tok_other", jti] } }), NOW)).toEqual(
      refused({ kind: "token_revoked", jti }),
    );
  });
});

test("lets an old refusal refuse: only an answer that admits must be current", () => {
  const agent = "agt_middle";
  expect(admit(state, leases({ agent, answer: { state: "suspended" }, askedAt: NOW - 60_000 }), NOW)).toEqual(
    refused({ kind: "agent_not_active", agent, state: "suspended" }),
  );
});

test("judges every link of an agent that occurs twice", () => {
  const [first] = state.chain;
  if (first === undefined) throw new Error("no chain");
  expect(admit({ ...state, chain: [...state.chain, { ...first, epoch: 4 }] }, leases(), NOW)).toEqual(
    refused({ kind: "epoch_changed", agent: "agt_actor" }),
  );
});

describe("the workspace", () => {
  test("without a lease admits nothing", () => {
    expect(admit(state, { ...leases(), workspace: undefined }, NOW)).toEqual(
      refused({ kind: "no_lease", of: "workspace", id: state.workspace }),
    );
  });

  test("with a lease that has ended admits nothing", () => {
    const old = { ...leases(), workspace: { answer: open, askedAt: NOW - 1500 } };
    expect(admit(state, old, NOW)).toEqual(
      refused({ kind: "no_lease", of: "workspace", id: state.workspace }),
    );
  });

  test("admits nothing while it is halted, not even what was minted in this epoch (P3)", () => {
    expect(admit(state, withWorkspace({ halted: true }), NOW)).toEqual(refused({ kind: "workspace_halted" }));
  });

  test.each([1, 3])("admits no token of another halt epoch, here %i (P3)", (halt_epoch) => {
    expect(admit(state, withWorkspace({ halt_epoch }), NOW)).toEqual(refused({ kind: "halt_epoch_changed" }));
  });

  test("admits nothing for a stopped user", () => {
    expect(admit(state, withWorkspace({ stopped_users: ["usr_2", "usr_1"] }), NOW)).toEqual(
      refused({ kind: "user_stopped" }),
    );
  });

  describe("after a user was let go on", () => {
    const resumed = (ms_ago = 1000): LeaseSet =>
      withWorkspace({ resumed_users: [{ user: "usr_1", epoch: 2, ms_ago }] });
    const old = refused({ kind: "user_epoch_changed" });

    test.each([undefined, 0, 1])("refuses the user's tokens of epoch %s (P3)", (userEpoch) => {
      const token = { ...state, ...(userEpoch === undefined ? {} : { userEpoch }) };
      expect(admit(token, resumed(), NOW)).toEqual(old);
    });

    test("admits tokens that were minted since, and those of others", () => {
      expect(admit({ ...state, userEpoch: 2 }, resumed(), NOW).ok).toBe(true);
      expect(admit({ ...state, user: "usr_3" }, resumed(), NOW).ok).toBe(true);
    });

    test("refuses an ID token that was issued before, though it is exchanged in place now (P3)", () => {
      const inPlace = (ago: number): TokenState => ({ ...state, userEpoch: 2, userIssuedAt: NOW - ago });
      expect(admit(inPlace(1000), resumed(), NOW)).toEqual(old);
      expect(admit(inPlace(999), resumed(), NOW).ok).toBe(true);
      // The lease is older by now, and so are the resume and the ID token.
      expect(admit(inPlace(1000), resumed(), NOW + 700)).toEqual(old);
      expect(admit(inPlace(999), resumed(), NOW + 700).ok).toBe(true);
    });

    test("names the stop of a user who was stopped again", () => {
      const again = {
        stopped_users: ["usr_1"],
        resumed_users: [{ user: "usr_1", epoch: 2, ms_ago: 1000 }],
      };
      expect(admit({ ...state, userEpoch: 2 }, withWorkspace(again), NOW)).toEqual(
        refused({ kind: "user_stopped" }),
      );
    });
  });

  test("admits nothing of a stopped transaction", () => {
    expect(admit(state, withWorkspace({ stopped_txns: ["txn_2", "txn_1"] }), NOW)).toEqual(
      refused({ kind: "txn_stopped" }),
    );
  });

  test("admits a token without user and transaction, whoever is stopped", () => {
    const { user: _user, txn: _txn, ...plain } = state;
    expect(admit(plain, withWorkspace({ stopped_users: ["usr_1"], stopped_txns: ["txn_1"] }), NOW).ok).toBe(
      true,
    );
  });
});

describe("the organization", () => {
  test("leaves undecided what was verified under other signing keys: one may have been given up since", () => {
    expect(admit({ ...state, verifiedUnder: 1 }, leases(), NOW).ok).toBe(true);
    for (const verifiedUnder of [0, 2]) {
      expect(admit({ ...state, verifiedUnder }, leases(), NOW)).toEqual(
        refused({ kind: "no_lease", of: "org", id: "org" }),
      );
    }
  });

  const noLease = refused({ kind: "no_lease", of: "org", id: "org" });

  test("without a lease admits nothing", () => {
    expect(admit(state, { ...leases(), org: undefined }, NOW)).toEqual(noLease);
  });

  test("with a lease that has ended admits nothing", () => {
    const org = { answer: { config_epoch: 1, ttl_ms: 2000 }, askedAt: NOW - 1500 };
    expect(admit(state, { ...leases(), org }, NOW)).toEqual(noLease);
  });
});

test("names a stop before a missing lease elsewhere: a stopped agent is 401, whatever else cannot be decided", () => {
  const stopped = leases({ agent: "agt_subject", answer: { state: "revoked" } });
  expect(admit(state, { ...stopped, workspace: undefined, org: undefined }, NOW)).toEqual(
    refused({ kind: "agent_not_active", agent: "agt_subject", state: "revoked" }),
  );
});
