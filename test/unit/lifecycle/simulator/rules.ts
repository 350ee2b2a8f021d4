/**
 * The rules under test, and mutants of them. `dome` is the real code of `src/lifecycle`; a mutant replaces one rule
 * by a plausible mistake, and the simulator must find a run in which that mistake admits a stopped call.
 */
import type { Result } from "../../../../src/kernel/result.ts";
import { admit, type TokenState, type Stale, type LeaseSet } from "../../../../src/lifecycle/admission.ts";
import { AskBook } from "../../../../src/lifecycle/ask-book.ts";
import { stopWait, type Halt } from "../../../../src/lifecycle/halt.ts";
import {
  isCurrent,
  LEASE_TTL_MS,
  MARGIN_MS,
  RENEWAL_TIMEOUT_MS,
  STOP_WAIT_MS,
  type AgentAnswer,
  type Asking,
  type Lease,
  type WorkspaceAnswer,
} from "../../../../src/lifecycle/lease.ts";
import { LeaseBook, type Wanted } from "../../../../src/lifecycle/lease-book.ts";
import { startsOrStops, type AgentState } from "../../../../src/lifecycle/states.ts";

type Expiring = { readonly ttl_ms: number };

export interface Book<A> {
  readonly asks: AskBook;
  readonly order: number;
  find(id: string, wanted: Wanted, order: number, now: number): Lease<A> | undefined;
  get(id: string, now: number): Lease<A> | undefined;
  put(id: string, lease: Lease<A>): void;
  asking(now: number): Asking;
}

export interface Rules {
  /** How an answer becomes a lease. `arrivedAt` is the isolate's clock when it is there. */
  readonly lease: <A extends Expiring>(answer: A, asking: Asking, arrivedAt: number) => Lease<A>;
  /** How a call that waits for the answer to another's ask gets it. */
  readonly shared: "looks_into_the_book" | "is_handed_the_answer";
  /** What a call gets that wants an answer which was asked for after it began. */
  readonly afresh: Wanted;
  readonly book: <A extends Expiring>(limit: number) => Book<A>;
  readonly admit: (tokenState: TokenState, standing: LeaseSet, now: number) => Result<void, Stale>;
  readonly checked: "last" | "before_audit";
  /** Where `lease()` of an object looks: in its row, or at what it remembers of it. */
  readonly grants: "from_row" | "from_memory";
  readonly stopWait: (halt: Halt, now: number) => number;
  readonly raisesEpoch: (from: AgentState, to: AgentState) => boolean;
}

export const dome: Rules = {
  lease: (answer, asking) => ({ answer, ...asking }),
  book: (limit) => new LeaseBook(limit),
  shared: "looks_into_the_book",
  afresh: "fresh",
  admit,
  checked: "last",
  grants: "from_row",
  stopWait: (halt) => stopWait(halt),
  raisesEpoch: startsOrStops,
};

/** A book that does not mind its clock: every lease is judged on its own. */
class HeedlessBook<A extends Expiring> implements Book<A> {
  readonly asks = new AskBook(100);
  order = 0;
  readonly #leases = new Map<string, Lease<A>>();

  find(id: string, wanted: Wanted, order: number, now: number): Lease<A> | undefined {
    const lease = this.#leases.get(id);
    if ((lease?.order ?? 0) > order) return lease;
    return wanted === "current" ? this.get(id, now) : undefined;
  }

  get(id: string, now: number): Lease<A> | undefined {
    const lease = this.#leases.get(id);
    return lease !== undefined && isCurrent(lease, now) ? lease : undefined;
  }

  put(id: string, lease: Lease<A>): void {
    this.#leases.set(id, lease);
  }

  asking(now: number): Asking {
    this.order += 1;
    return { askedAt: now, order: this.order };
  }
}

/** A book that forgets what it holds when the clock steps back, but takes what was asked for before. */
class WelcomingBook<A extends Expiring> extends LeaseBook<A> {
  #lastSeen = 0;

  override get(id: string, now: number): Lease<A> | undefined {
    this.#lastSeen = now;
    return super.get(id, now);
  }

  override put(id: string, { answer, askedAt }: Lease<A>): void {
    super.put(id, { ...this.asking(this.#lastSeen), answer, askedAt });
  }
}

/** `admit` over agent leases that were tampered with first. */
function admitWith(
  change: (answer: AgentAnswer, tokenState: TokenState, agent: string) => AgentAnswer,
): Rules["admit"] {
  return (tokenState, standing, now) => {
    const agents = new Map<string, Lease<AgentAnswer>>();
    for (const [agent, { answer, askedAt }] of standing.agents) {
      agents.set(agent, { askedAt, answer: change(answer, tokenState, agent) });
    }
    return admit(tokenState, { ...standing, agents }, now);
  };
}

/** `admit` over a workspace lease that was tampered with first. */
function admitInto(change: (answer: WorkspaceAnswer) => WorkspaceAnswer): Rules["admit"] {
  return (tokenState, standing, now) => {
    const { workspace: lease } = standing;
    const workspace = lease === undefined ? undefined : { ...lease, answer: change(lease.answer) };
    return admit(tokenState, { ...standing, workspace }, now);
  };
}

const linkOf = (tokenState: TokenState, agent: string) =>
  tokenState.chain.find((link) => link.agent === agent);

export const mutants: Readonly<Record<string, Rules>> = {
  "no margin on the asking side": {
    ...dome,
    lease: (answer, asking) => ({ answer: { ...answer, ttl_ms: answer.ttl_ms + MARGIN_MS }, ...asking }),
  },
  "no margin in the wait of a stop": { ...dome, stopWait: () => LEASE_TTL_MS },
  "the wait of a stop cut short": { ...dome, stopWait: () => LEASE_TTL_MS - MARGIN_MS },
  "the wait goes on after a restart, by the clock, instead of anew": {
    ...dome,
    stopWait: (halt, now) => Math.min(STOP_WAIT_MS, Math.max(0, halt.committedAt + STOP_WAIT_MS - now)),
  },
  "a lease answered from memory instead of the row": { ...dome, grants: "from_memory" },
  "the lease checked before a slow step": { ...dome, checked: "before_audit" },
  "a key trusted from its look-up, though revoked before the lease": {
    ...dome,
    admit: admitWith((answer, tokenState, agent) => {
      const key = linkOf(tokenState, agent)?.key;
      return key === undefined ? answer : { ...answer, keys: [{ id: key, ttl_ms: null }] };
    }),
  },
  "lease time counted from the arrival of the answer": {
    ...dome,
    lease: (answer, asking, arrivedAt) => ({ answer, ...asking, askedAt: arrivedAt }),
  },
  "a late answer counted from its arrival": {
    ...dome,
    lease: (answer, asking, arrivedAt) => {
      const isLate = arrivedAt - asking.askedAt >= RENEWAL_TIMEOUT_MS;
      return { answer, ...asking, ...(isLate ? { askedAt: arrivedAt } : {}) };
    },
  },
  "an answer to another's ask taken although the clock has stepped back since": {
    ...dome,
    shared: "is_handed_the_answer",
  },
  "a call that asks afresh served by an older answer": { ...dome, afresh: "current" },
  "a call that asks afresh served by an answer that was asked for shortly before": {
    ...dome,
    afresh: "recent",
  },
  "leases kept when the clock steps back": { ...dome, book: () => new HeedlessBook() },
  "answers kept that were asked for before the clock stepped back": {
    ...dome,
    book: (limit) => new WelcomingBook(limit),
  },
  "epochs of agents not compared": {
    ...dome,
    admit: admitWith((answer, tokenState, agent) => ({
      ...answer,
      epoch: linkOf(tokenState, agent)?.epoch ?? answer.epoch,
    })),
  },
  "state of agents not looked at": {
    ...dome,
    admit: admitWith((answer) => ({ ...answer, state: "active" })),
  },
  "halt of the workspace not looked at": {
    ...dome,
    admit: admitInto((answer) => ({ ...answer, halted: false })),
  },
  "stopped users and transactions not looked at": {
    ...dome,
    admit: admitInto((answer) => ({ ...answer, stopped_users: [], stopped_txns: [] })),
  },
  "tokens of a user taken from before a resume": {
    ...dome,
    admit: admitInto((answer) => ({ ...answer, resumed_users: [] })),
  },
  "halt epoch of the workspace not compared": {
    ...dome,
    admit: (tokenState, standing, now) =>
      admit(
        { ...tokenState, haltEpoch: standing.workspace?.answer.halt_epoch ?? tokenState.haltEpoch },
        standing,
        now,
      ),
  },
  "epochs never raised": { ...dome, raisesEpoch: () => false },
  "only the newest agent of a chain looked at": {
    ...dome,
    admit: (tokenState, standing, now) =>
      admit({ ...tokenState, chain: tokenState.chain.slice(0, 1) }, standing, now),
  },
};
