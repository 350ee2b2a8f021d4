/**
 * The truth about one run, from outside of it: in what order the objects' commits became durable, when each halt was
 * reported effective, in real time. It judges every admitted call by P3, without a look at leases or clocks.
 */
import type { TokenState } from "../../../../src/lifecycle/admission.ts";
import { EFFECTIVE_BOUND_MS, type Halt } from "../../../../src/lifecycle/halt.ts";
import { REFUSAL_KEEP_MS } from "../../../../src/lifecycle/lease.ts";

export const WORKSPACE = "workspace";
export const ORG = "org";

/** A stop, and what it stops. */
export interface SimulatedHalt extends Halt {
  readonly id: string;
  readonly kind: "suspend" | "revoke" | "key" | "workspace" | "user" | "transaction";
  readonly agent?: string;
  readonly key?: string;
  readonly user?: string;
  readonly txn?: string;
}

interface KnownHalt {
  readonly halt: SimulatedHalt;
  readonly owner: string;
  /** Place of its commit among the commits of its object. */
  readonly commit: number;
  readonly committedAt: number;
  effectiveAt: number | null;
  /** When something it stops was admitted last: allowed until it is effective. */
  lastAdmittedAt: number;
}

export class Oracle {
  readonly halts: KnownHalt[] = [];
  readonly violations: string[] = [];
  /** How near to a halt's becoming effective something it stops was admitted, in milliseconds, at the nearest. */
  closestMs = Infinity;
  readonly effective = new Map<SimulatedHalt["kind"], number>();
  readonly #commits = new Map<string, number>();
  readonly #epochBegan = new Map<string, number>();
  /** In real time. */
  readonly #epochBeganAt = new Map<string, number>();
  readonly #startedAt = new Map<string, number>();
  readonly #now: () => number;

  /** @param now real time. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A commit of `owner` is durable: it now has this epoch, and perhaps a halt. */
  committed(
    owner: string,
    epoch: number,
    halt: SimulatedHalt | undefined,
    users: readonly { readonly user: string; readonly epoch: number }[] = [],
  ): KnownHalt | undefined {
    const commit = (this.#commits.get(owner) ?? 0) + 1;
    this.#commits.set(owner, commit);
    for (const name of [`${owner}#${epoch}`, ...users.map((each) => `${each.user}#${each.epoch}`)]) {
      if (this.#epochBegan.has(name)) continue;
      this.#epochBegan.set(name, commit);
      this.#epochBeganAt.set(name, this.#now());
    }
    if (halt === undefined) return undefined;
    const [committedAt, lastAdmittedAt] = [this.#now(), -Infinity];
    const known: KnownHalt = { halt, owner, commit, committedAt, effectiveAt: null, lastAdmittedAt };
    this.halts.push(known);
    return known;
  }

  instanceStarted(owner: string): void {
    this.#startedAt.set(owner, this.#now());
  }

  /** A halt is reported effective: from here on P3 holds for it. */
  becameEffective(id: string): void {
    const known = this.halts.find(({ halt }) => halt.id === id);
    if (known === undefined) throw new Error(`halt ${id} is effective and was never committed`);
    if (known.effectiveAt !== null) return;
    const now = this.#now();
    known.effectiveAt = now;
    this.effective.set(known.halt.kind, (this.effective.get(known.halt.kind) ?? 0) + 1);
    this.closestMs = Math.min(this.closestMs, now - known.lastAdmittedAt);
    const since = Math.max(known.committedAt, this.#startedAt.get(known.owner) ?? 0);
    if (now - since > EFFECTIVE_BOUND_MS) {
      this.violations.push(`${describe(known)} took ${Math.round(now - since)} ms to be effective`);
    }
  }

  /**
   * A call was admitted just now.
   * @param freshAt real time at which it asked every object, if it asked afresh: then it has to know of every stop that
   *   was committed by that time, effective or not.
   * @returns what is forbidden about it, if anything is.
   */
  judge(tokenState: TokenState, freshAt = -Infinity): string | undefined {
    for (const known of this.halts) {
      if (!this.#stops(known, tokenState)) continue;
      if (known.committedAt < freshAt) {
        const early = Math.round(freshAt - known.committedAt);
        const violation = `${describe(known)} was committed for ${early} ms when a call asked afresh and was admitted`;
        this.violations.push(violation);
        return violation;
      }
      if (known.effectiveAt === null) {
        known.lastAdmittedAt = this.#now();
        continue;
      }
      const late = Math.round(this.#now() - known.effectiveAt);
      const violation = `${describe(known)} was effective for ${late} ms when a call was admitted`;
      this.violations.push(violation);
      return violation;
    }
    return undefined;
  }

  /**
   * Whether any stop so far, effective or not, is a reason to refuse this tokenState; or an agent of it, its workspace or
   * its user has just been started, of which an isolate that keeps a refusal has not heard.
   */
  hasCauseToRefuse(tokenState: TokenState): boolean {
    const { chain, haltEpoch, user, userEpoch } = tokenState;
    const since = this.#now() - 2 * REFUSAL_KEEP_MS; // an isolate's clock may be slow
    const epochs = [
      ...chain.map(({ agent, epoch }) => `${agent}#${epoch}`),
      `${WORKSPACE}#${haltEpoch}`,
      `${user ?? ""}#${userEpoch ?? 0}`,
    ];
    const justStarted = epochs.some((epoch) => (this.#epochBeganAt.get(epoch) ?? -Infinity) > since);
    return justStarted || this.halts.some((known) => this.#stops(known, tokenState));
  }

  #stops({ halt, commit }: KnownHalt, tokenState: TokenState): boolean {
    switch (halt.kind) {
      case "suspend":
      case "revoke":
        return tokenState.chain.some(
          (l) => l.agent === halt.agent && this.#began(l.agent, l.epoch) <= commit,
        );
      case "key":
        return tokenState.chain.some((link) => link.key === halt.key);
      case "workspace":
        return this.#began(WORKSPACE, tokenState.haltEpoch) <= commit;
      case "user":
        return (
          tokenState.user === halt.user &&
          this.#began(tokenState.user ?? "", tokenState.userEpoch ?? 0) <= commit
        );
      case "transaction":
        return tokenState.txn === halt.txn;
    }
  }

  /** The commit that began an epoch. One that never became durable may back nothing: it is older than any halt. */
  #began(owner: string, epoch: number): number {
    return this.#epochBegan.get(`${owner}#${epoch}`) ?? -1;
  }
}

const describe = ({ halt, owner }: KnownHalt): string =>
  `${halt.kind} of ${halt.key ?? halt.user ?? halt.txn ?? owner} (${halt.id})`;
