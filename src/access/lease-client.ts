/**
 * The leases of this isolate: when they are requested, by which request, and how the answers are used (design part
 * 5).
 *
 * The books hold plain data only. Requests never share a pending promise: on Workers a promise belongs to the
 * request that made it and ends with it. So one request asks (`AskBook` decides which) in work that continues after
 * its own answer. The others look into the book, each with its own timer. A lease past half of its life is renewed
 * in the background of the next request that uses it.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import type { Random } from "../kernel/random.ts";
import {
  admit,
  admittedUntil,
  type LeaseSet,
  type Stale,
  type TokenState,
  type Work,
} from "../lifecycle/admission.ts";
import { jitterOf, lookAgainMs } from "../lifecycle/ask-book.ts";
import {
  dueForRenewal,
  RENEWAL_TIMEOUT_MS,
  type AgentAnswer,
  type Expiring,
  type Lease,
  type OrgAnswer,
  type WorkspaceAnswer,
} from "../lifecycle/lease.ts";
import type { LeaseBook, Wanted } from "../lifecycle/lease-book.ts";
import type { Versions } from "./versions.ts";

/** `always`: trusts no cached lease; asks every object now. */
export type Freshness = "leased" | "always";

/** The source of leases: the owner objects. */
interface LeaseSource {
  agent(id: AgentId): Promise<AgentAnswer>;
  workspace(id: WorkspaceId): Promise<WorkspaceAnswer>;
  org(): Promise<OrgAnswer>;
}

/** Globals of an isolate. */
export interface LeaseBooks {
  readonly agents: LeaseBook<AgentAnswer>;
  readonly workspaces: LeaseBook<WorkspaceAnswer>;
  readonly org: LeaseBook<OrgAnswer>;
}

interface LeaseClientPorts {
  readonly source: LeaseSource;
  readonly books: LeaseBooks;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Spreads the retries of isolates that failed at the same time. */
  readonly random: Random;
  /** Lets a promise continue after this request is answered. */
  background(work: Promise<unknown>): void;
}

/** No lease arrived in time, so the call cannot be decided: 503 with `Retry-After`. */
export interface NoLease {
  readonly kind: "no_lease";
  /**
   * `provider`: the keys that an identity provider publishes. `evidence`: the workspace's ledger is full. `configuration`:
   * what a running act is judged on again.
   */
  readonly of: "agent" | "workspace" | "org" | "provider" | "evidence" | "configuration";
}

/** The same with the id of the object that has not answered, for the record. */
type Missing = Extract<Stale, { readonly kind: "no_lease" }>;

/** One owner object, and how to ask it for a lease. */
interface Owner<A extends Expiring> {
  readonly of: NoLease["of"];
  readonly book: LeaseBook<A>;
  readonly id: string;
  readonly ask: () => Promise<A>;
}

export class LeaseClient {
  readonly #ports: LeaseClientPorts;

  constructor(ports: LeaseClientPorts) {
    this.#ports = ports;
  }

  agent(id: AgentId): Promise<Result<Lease<AgentAnswer>, NoLease>> {
    return this.#current(this.#agentOwner(id));
  }

  /** As `agent`, but requested within `REFUSAL_KEEP_MS`: a cached lease that refuses may be older than a start. */
  freshAgent(id: AgentId): Promise<Result<Lease<AgentAnswer>, NoLease>> {
    return this.#obtain(this.#agentOwner(id), "recent");
  }

  workspace(id: WorkspaceId): Promise<Result<Lease<WorkspaceAnswer>, NoLease>> {
    return this.#current(this.#workspaceOwner(id));
  }

  org(): Promise<Result<Lease<OrgAnswer>, NoLease>> {
    return this.#current(this.#orgOwner());
  }

  /**
   * As `org`, but requested after this call began: for answers about keys and tokens, where an older lease is not
   * enough.
   */
  freshOrg(): Promise<Result<Lease<OrgAnswer>, NoLease>> {
    return this.#obtain(this.#orgOwner(), "fresh");
  }

  /**
   * As `org`, but requested within `REFUSAL_KEEP_MS`: for a signing key that this isolate does not know. The key
   * may be made up, or new.
   */
  recentOrg(): Promise<Result<Lease<OrgAnswer>, NoLease>> {
    return this.#obtain(this.#orgOwner(), "recent");
  }

  /**
   * Requests leases that will be needed soon, so that they are fetched in parallel. No code waits for this, and no
   * decision depends on it.
   */
  ahead(wanted: {
    readonly agents?: readonly AgentId[];
    readonly workspace?: WorkspaceId;
    readonly org?: true;
  }): void {
    for (const id of wanted.agents ?? []) this.#askAhead(this.#agentOwner(id));
    if (wanted.workspace !== undefined) this.#askAhead(this.#workspaceOwner(wanted.workspace));
    if (wanted.org) this.#askAhead(this.#orgOwner());
  }

  /**
   * Step 7 of a call. The check itself is synchronous and is the last step before the caller acts or answers. A
   * lease that has expired meanwhile is requested again. So is a lease that refuses, because a stop and a start may
   * both have happened since. A refusal that was just given is final, so a stopped caller cannot put load on the
   * objects.
   * @param freshness `always`: no lease is trusted, every object is asked now.
   */
  async admits(state: TokenState, freshness: Freshness, work: Work = "new"): Promise<Result<void, Stale>> {
    if (freshness === "always") return this.#checkWith("fresh", state, work);
    const first = this.#check(state, work);
    if (first.ok) return first;
    if (first.error.kind === "no_lease") {
      // When only some leases are missing, the other objects are not asked again.
      const held = await this.#obtainAll(state, "current");
      if (!held.ok) return held;
      const second = this.#check(state, work);
      if (second.ok) return second;
    }
    return this.#checkWith("recent", state, work);
  }

  async #checkWith(wanted: Wanted, state: TokenState, work: Work): Promise<Result<void, Stale>> {
    const obtained = await this.#obtainAll(state, wanted);
    return obtained.ok ? this.#check(state, work) : obtained;
  }

  /** Until when a running act may continue without another check, or what stopped it. */
  admittedUntil(state: TokenState): Result<number, Stale> {
    const now = this.#ports.clock.now();
    return admittedUntil(state, this.#held(state, now), now);
  }

  /** Which configuration the leases of this isolate name for a caller; undefined while one of them is missing. */
  versions(state: TokenState): Versions | undefined {
    const { agents, workspace, org } = this.#held(state, this.#ports.clock.now());
    if (workspace === undefined || org === undefined) return undefined;
    const records = state.chain.flatMap(({ agent }) => agents.get(agent)?.answer.record_version ?? []);
    if (records.length < state.chain.length) return undefined;
    return { records, configEpoch: workspace.answer.config_epoch, orgEpoch: org.answer.config_epoch };
  }

  /** Asks every object that the caller's state depends on, now. */
  renew(state: TokenState): Promise<Result<void, NoLease>> {
    return this.#obtainAll(state, "fresh");
  }

  #check(state: TokenState, work: Work): Result<void, Stale> {
    const now = this.#ports.clock.now();
    return admit(state, this.#held(state, now), now, work);
  }

  #held({ chain, workspace }: TokenState, now: number): LeaseSet {
    const { books } = this.#ports;
    const agents = new Map<string, Lease<AgentAnswer>>();
    for (const { agent } of chain) {
      const lease = books.agents.get(agent, now);
      if (lease !== undefined) agents.set(agent, lease);
    }
    return { agents, workspace: books.workspaces.get(workspace, now), org: books.org.get("org", now) };
  }

  /** Asks every object that the caller's state depends on and that has not answered recently enough for `wanted`. */
  async #obtainAll({ chain, workspace }: TokenState, wanted: Wanted): Promise<Result<void, Missing>> {
    const obtain = async <A extends Expiring>(owner: Owner<A>): Promise<Result<unknown, Missing>> => {
      const answer = await this.#obtain(owner, wanted);
      return answer.ok ? answer : err({ ...answer.error, id: owner.id });
    };
    const answers = await Promise.all([
      ...chain.map(({ agent }) => obtain(this.#agentOwner(agent))),
      obtain(this.#workspaceOwner(workspace)),
      obtain(this.#orgOwner()),
    ]);
    return answers.find((answer) => !answer.ok) ?? ok(undefined);
  }

  #agentOwner(id: AgentId): Owner<AgentAnswer> {
    const { books, source } = this.#ports;
    return { of: "agent", book: books.agents, id, ask: () => source.agent(id) };
  }

  #workspaceOwner(id: WorkspaceId): Owner<WorkspaceAnswer> {
    const { books, source } = this.#ports;
    return { of: "workspace", book: books.workspaces, id, ask: () => source.workspace(id) };
  }

  #orgOwner(): Owner<OrgAnswer> {
    const { books, source } = this.#ports;
    return { of: "org", book: books.org, id: "org", ask: () => source.org() };
  }

  async #current<A extends Expiring>(owner: Owner<A>): Promise<Result<Lease<A>, NoLease>> {
    const { book, id } = owner;
    const now = this.#ports.clock.now();
    const lease = book.get(id, now);
    if (lease === undefined) return this.#obtain(owner, "current");
    if (dueForRenewal(lease, now)) this.#askAhead(owner);
    return ok(lease);
  }

  #askAhead<A extends Expiring>(owner: Owner<A>): void {
    const { book, id } = owner;
    const now = this.#ports.clock.now();
    const lease = book.get(id, now);
    if (lease !== undefined && !dueForRenewal(lease, now)) return;
    if (book.asks.turn(id, now).do === "ask") this.#ask(owner, now);
  }

  /**
   * Waits at most `RENEWAL_TIMEOUT_MS` for a sufficient answer. Sends the request itself when `AskBook` chose this
   * one.
   */
  async #obtain<A extends Expiring>(owner: Owner<A>, wanted: Wanted): Promise<Result<Lease<A>, NoLease>> {
    const { book, id, of } = owner;
    const { clock, timers } = this.#ports;
    const [begun, since] = [clock.now(), book.order];
    const held = book.find(id, wanted, since, begun);
    if (held !== undefined) return ok(held);
    const over = new AbortController();
    let isLate = false;
    const limit = timers.sleep(RENEWAL_TIMEOUT_MS, over.signal).then(() => void (isLate = true));
    try {
      for (let round = 0; ; round += 1) {
        const now = clock.now();
        const lease = book.find(id, wanted, since, now);
        if (lease !== undefined) return ok(lease);
        const turn = book.asks.turn(id, now);
        const lastsTooLong = turn.do === "pause" && turn.ms > RENEWAL_TIMEOUT_MS - (now - begun);
        if (isLate || lastsTooLong) return err({ kind: "no_lease", of });
        await Promise.race([
          turn.do === "ask" ? this.#ask(owner, now) : timers.sleep(lookAgainMs(round), over.signal),
          limit,
        ]);
      }
    } finally {
      over.abort();
    }
  }

  /**
   * Sends the request, and keeps the answer whenever it arrives. Its life counts from the sending, so a late answer
   * is good for less time.
   */
  #ask<A extends Expiring>({ book, id, ask }: Owner<A>, now: number): { readonly work: Promise<void> } {
    const { clock, random, background } = this.#ports;
    const asking = book.asking(now);
    book.asks.begun(id, asking, jitterOf(random));
    const work = ask().then(
      (answer) => {
        book.put(id, { answer, ...asking });
        return book.asks.answered(id, asking, clock.now());
      },
      (fault: unknown) => book.asks.failed(id, asking, clock.now(), isOverloaded(fault)),
    );
    background(work); // otherwise the answer would be lost with a caller who hangs up
    return { work };
  }
}

/** How the platform marks that an object has more requests than it can take. */
const isOverloaded = (fault: unknown): boolean =>
  (fault as { readonly overloaded?: unknown } | undefined)?.overloaded === true;
