/**
 * A model of one isolate of the Worker: its books of leases, and the column of a call: leases taken, configuration
 * read, policy, intent, lease check, act. One thread: while a turn burns CPU nothing else runs here, and the clock
 * that the turn reads stands where it stood when the turn began.
 */
import type { Link, TokenState, Stale } from "../../../../src/lifecycle/admission.ts";
import { lookAgainMs } from "../../../../src/lifecycle/ask-book.ts";
import {
  dueForRenewal,
  RENEWAL_TIMEOUT_MS,
  userEpochOf,
  type AgentAnswer,
  type Lease,
  type OrgAnswer,
  type WorkspaceAnswer,
} from "../../../../src/lifecycle/lease.ts";
import type { Wanted } from "../../../../src/lifecycle/lease-book.ts";
import { MachineClock } from "./clock.ts";
import { FROZEN_LAG_MS, TIMER_EARLY } from "./faults.ts";
import type { Network } from "./network.ts";
import { ORG, WORKSPACE } from "./oracle.ts";
import type { World } from "./owner-object.ts";
import type { Book } from "./rules.ts";

/** An object as an isolate sees it. */
export interface Asked<A> {
  readonly id: string;
  lease(answer: (value: A) => void): void;
}

export interface Owners {
  readonly agents: ReadonlyMap<string, Asked<AgentAnswer>>;
  readonly workspace: Asked<WorkspaceAnswer>;
  readonly org: Asked<OrgAnswer>;
}

/** With a call token, or with a raw key, which is exchanged in place and may act on top of another's token. */
export type Credential =
  | { readonly with: "token"; readonly tokenState: TokenState }
  | {
      readonly with: "key";
      readonly key: string;
      readonly agent: string;
      readonly subject?: TokenState;
      /** Where there is no subject: the user for whom the agent acts. */
      readonly user?: string;
    };

/** How long the steps of one call take, in milliseconds. */
export interface Pace {
  readonly config: number;
  readonly policyCpu: number;
  readonly audit: number;
  /** CPU between the last I/O and the lease check: how far the clock lags when it is read. */
  readonly checkCpu: number;
}

export interface Call {
  readonly credential: Credential;
  readonly pace: Pace;
  /** `always`: no lease is trusted, every object is asked before the check. */
  readonly freshness: "leased" | "always";
  readonly admitted: (tokenState: TokenState) => void;
}

export class Isolate {
  readonly id: string;
  readonly #world: World;
  readonly #network: Network;
  readonly #owners: Owners;
  readonly #clock: MachineClock;
  readonly #agents: Book<AgentAnswer>;
  readonly #workspaces: Book<WorkspaceAnswer>;
  readonly #orgs: Book<OrgAnswer>;
  /** In-place exchanges, kept by key: subject to the leases at each use. */
  readonly #exchanged = new Map<string, TokenState>();
  /** The newest answers, whatever the clock has done since; for a mutant. */
  readonly #handed = new Map<string, Lease<{ readonly ttl_ms: number }>>();
  #busyUntil = 0;

  constructor(id: string, bookLimit: number, owners: Owners, network: Network, world: World) {
    this.id = id;
    this.#world = world;
    this.#network = network;
    this.#owners = owners;
    this.#clock = new MachineClock(world.timeline, world.dice, world.weather.calm);
    this.#agents = world.rules.book(bookLimit);
    this.#workspaces = world.rules.book(1);
    this.#orgs = world.rules.book(1);
  }

  /** A step back that no code reads the clock around; at most `UNSEEN_STEP_MS` within the life of a lease. */
  stepBackUnseen(ms: number): void {
    this.#clock.stepBack(ms);
  }

  /** A step back of any size, with a reading before and one after. */
  stepBackSeen(ms: number): void {
    this.#turn(0, (before) => {
      this.#lookAtBooks(before);
      this.#clock.stepBack(ms);
      this.#lookAtBooks(this.#clock.now());
    });
  }

  /** The column. It ends in `admitted`, or in a refusal that is counted. */
  call(call: Call): void {
    const { timeline, rules } = this.#world;
    const { pace } = call;
    const agents = agentsOf(call.credential);
    const decide = (): void => {
      this.#turn(pace.checkCpu, (now) =>
        this.#decide(call, agents, now, (tokenState, freshAt) => this.#act(call, tokenState, freshAt)),
      );
    };
    const audit = (): void => timeline.after(pace.audit, decide);
    const configure = (): void => {
      timeline.after(pace.config, () => {
        this.#turn(pace.policyCpu, (now) => {
          if (rules.checked === "last") return audit();
          return this.#decide(call, agents, now, (tokenState, freshAt) =>
            timeline.after(pace.audit, () => this.#act(call, tokenState, freshAt)),
          );
        });
      });
    };
    this.#turn(0, (now) => this.#take(agents, now, configure, () => this.#refused({ kind: "timeout" })));
  }

  /** Makes sure that there is a lease of everything concerned, and renews ahead in the background. */
  #take(agents: readonly string[], now: number, taken: () => void, failed: () => void): void {
    const missing: string[] = [];
    for (const id of [...agents, WORKSPACE, ORG]) {
      const lease = this.#lookUp(id, now);
      if (lease === undefined) missing.push(id);
      else if (dueForRenewal(lease, now) && this.#bookOf(id).asks.turn(id, now).do === "ask")
        this.#ask(id, now);
    }
    this.#obtainAll(missing, "current", now, taken, failed);
  }

  /** @param admitted is told since when, in real time, every answer it rests on was asked for, if that was demanded. */
  #decide(
    call: Call,
    agents: readonly string[],
    now: number,
    admitted: (tokenState: TokenState, freshAt: number | undefined) => void,
  ): void {
    const { timeline, rules } = this.#world;
    if (call.freshness === "leased") {
      return this.#check(call, agents, now, "first", (tokenState) => admitted(tokenState, undefined));
    }
    const freshAt = timeline.now;
    return this.#obtainAll(
      [...agents, WORKSPACE, ORG],
      rules.afresh,
      now,
      () =>
        this.#turn(0, (later) =>
          this.#check(call, agents, later, "last", (tokenState) => admitted(tokenState, freshAt)),
        ),
      () => this.#refused({ kind: "timeout" }),
    );
  }

  #check(
    call: Call,
    agents: readonly string[],
    now: number,
    attempt: "first" | "last",
    admitted: (tokenState: TokenState) => void,
  ): void {
    const tokenState = this.#tokenStateOf(call.credential, now, attempt);
    const standing = {
      agents: new Map(agents.flatMap((id) => entryOf(id, this.#agents.get(id, now)))),
      workspace: this.#workspaces.get(WORKSPACE, now),
      org: this.#orgs.get(ORG, now),
    };
    const verdict = tokenState === undefined ? undefined : this.#world.rules.admit(tokenState, standing, now);
    if (tokenState !== undefined && verdict?.ok) return admitted(tokenState);
    if (attempt === "last") {
      return this.#refused(verdict?.ok === false ? verdict.error : { kind: "no_lease" }, tokenState);
    }
    // Refused by what may be an old answer: once more with fresh leases.
    return this.#obtainAll(
      [...agents, WORKSPACE, ORG],
      "recent",
      now,
      () => this.#turn(0, (later) => this.#check(call, agents, later, "last", admitted)),
      () => this.#refused({ kind: "timeout" }),
    );
  }

  #act(call: Call, tokenState: TokenState, freshAt: number | undefined): void {
    const violation = this.#world.oracle.judge(tokenState, freshAt);
    this.#world.count("admitted");
    if (freshAt !== undefined) this.#world.count("admitted: asked afresh");
    this.#world.trace(
      () => `${this.id} admits ${JSON.stringify(tokenState)}${violation ? " AGAINST P3" : ""}`,
    );
    call.admitted(tokenState);
  }

  #refused(why: { readonly kind: Stale["kind"] | "timeout" }, tokenState?: TokenState): void {
    this.#world.count(`refused: ${why.kind}`);
    const { weather, oracle, count } = this.#world;
    if (tokenState === undefined || !weather.calm || oracle.hasCauseToRefuse(tokenState)) return;
    count(`refused without a cause: ${why.kind}`);
  }

  /** What a credential stands for: a token carries it, a key gets it from the leases of this moment. */
  #tokenStateOf(credential: Credential, now: number, attempt: "first" | "last"): TokenState | undefined {
    if (credential.with === "token") return credential.tokenState;
    const { key, agent, subject, user } = credential;
    const name = `${key} ${subject?.path.at(-1) ?? ""} ${user ?? ""}`;
    const known = this.#exchanged.get(name);
    if (known !== undefined && attempt === "first") return known;
    const lease = this.#agents.get(agent, now);
    const workspace = this.#workspaces.get(WORKSPACE, now);
    if (lease === undefined || workspace === undefined) return known;
    const link = { agent, epoch: lease.answer.epoch, key } as Link;
    const tokenState: TokenState = {
      ...(user === undefined ? {} : { user, userEpoch: userEpochOf(workspace.answer, user) }),
      ...subject,
      workspace: `wsp_${WORKSPACE}`,
      chain: [link, ...(subject?.chain ?? [])],
      haltEpoch: subject?.haltEpoch ?? workspace.answer.halt_epoch,
      path: [...(subject?.path ?? []), `tok_${this.id}/${name}`],
    };
    this.#exchanged.set(name, tokenState);
    return tokenState;
  }

  #obtainAll(ids: readonly string[], wanted: Wanted, now: number, all: () => void, failed: () => void): void {
    let missing = ids.length;
    let isOver = false;
    if (missing === 0) return all();
    const arrived = (): void => {
      missing -= 1;
      if (missing === 0 && !isOver) all();
    };
    const gaveUp = (): void => {
      if (!isOver) failed();
      isOver = true;
    };
    for (const id of ids) this.#obtain(id, wanted, now, arrived, gaveUp);
  }

  /** Waits for an answer that will do, and asks for it when nobody else does. */
  #obtain(id: string, wanted: Wanted, begunAt: number, arrived: () => void, gaveUp: () => void): void {
    const { timeline, dice, count } = this.#world;
    const book = this.#bookOf(id);
    const since = book.order;
    let [isOver, hasAsked] = [false, false];
    timeline.after(RENEWAL_TIMEOUT_MS * dice.between(1 - TIMER_EARLY, 1.1), () => (isOver = true));
    const look = (round: number, now: number): void => {
      this.#takeHanded(id, book, now);
      if (book.find(id, wanted, since, now) !== undefined) {
        if (!hasAsked) count("answers shared");
        return arrived();
      }
      if (isOver) return gaveUp();
      if (book.asks.turn(id, now).do === "ask") {
        this.#ask(id, now);
        hasAsked = true;
      }
      // Who waits long is looked after less often than in truth: nothing but the length of the run depends on it.
      const ms = round < 5 ? lookAgainMs(round) : 80;
      return timeline.after(ms, () => this.#turn(0, (later) => look(round + 1, later)));
    };
    look(0, begunAt);
  }

  /** Asks one object. An answer after the time-out is still kept: it counts from before the asking. */
  #ask(id: string, now: number): void {
    const { dice, count } = this.#world;
    const keep = <A extends { readonly ttl_ms: number }>(book: Book<A>, owner: Asked<A>): void => {
      const asking = book.asking(now);
      book.asks.begun(id, asking, dice.between(0.5, 1));
      this.#network.send(this.id, id, () =>
        owner.lease((answer) =>
          this.#network.send(id, this.id, () =>
            this.#turn(0, (arrivedAt) => {
              const lease = this.#world.rules.lease(answer, asking, arrivedAt);
              book.put(id, lease);
              book.asks.answered(id, asking, arrivedAt);
              this.#handed.set(id, { answer: lease.answer, askedAt: lease.askedAt });
              if (arrivedAt - asking.askedAt < RENEWAL_TIMEOUT_MS) return;
              count("late answers");
              if (book.get(id, arrivedAt)?.askedAt === asking.askedAt) count("late answers kept");
            }),
          ),
        ),
      );
    };
    if (id === WORKSPACE) return keep(this.#workspaces, this.#owners.workspace);
    if (id === ORG) return keep(this.#orgs, this.#owners.org);
    const agent = this.#owners.agents.get(id);
    if (agent === undefined) throw new Error(`no agent ${id}`);
    return keep(this.#agents, agent);
  }

  /** Only in a mutant: an answer goes from hand to hand, past the rule that it belongs to the era of its asking. */
  #takeHanded(id: string, book: Book<{ readonly ttl_ms: number }>, now: number): void {
    const handed = this.#handed.get(id);
    if (this.#world.rules.shared === "looks_into_the_book" || handed === undefined) return;
    if (book.get(id, now) === undefined) book.put(id, { ...book.asking(now), ...handed });
  }

  #bookOf(id: string): Book<{ readonly ttl_ms: number }> {
    const book: unknown = id === WORKSPACE ? this.#workspaces : id === ORG ? this.#orgs : this.#agents;
    return book as Book<{ readonly ttl_ms: number }>;
  }

  #lookUp(id: string, now: number): Lease<{ readonly ttl_ms: number }> | undefined {
    if (id === WORKSPACE) return this.#workspaces.get(id, now);
    return id === ORG ? this.#orgs.get(id, now) : this.#agents.get(id, now);
  }

  #lookAtBooks(now: number): void {
    for (const id of ["another", WORKSPACE, ORG]) this.#lookUp(id, now);
  }

  /** Code between two I/O waits. It sees the time at which it began, however long it burns. */
  #turn(cpuMs: number, body: (now: number) => void): void {
    const { timeline } = this.#world;
    if (this.#busyUntil > timeline.now) {
      timeline.at(this.#busyUntil, () => this.#turn(cpuMs, body));
      return;
    }
    const now = this.#clock.now();
    const burn = Math.min(cpuMs, FROZEN_LAG_MS);
    if (burn === 0) return body(now);
    this.#busyUntil = timeline.now + burn;
    timeline.at(this.#busyUntil, () => body(now));
  }
}

const entryOf = <A>(id: string, lease: Lease<A> | undefined): [string, Lease<A>][] =>
  lease === undefined ? [] : [[id, lease]];

function agentsOf(credential: Credential): readonly string[] {
  const chain = credential.with === "token" ? credential.tokenState.chain : (credential.subject?.chain ?? []);
  const agents = chain.map(({ agent }) => agent);
  return credential.with === "token" ? agents : [credential.agent, ...agents];
}
