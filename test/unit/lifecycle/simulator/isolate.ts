/**
 * A model of one isolate of the Worker: its books of leases, and the column of a call: leases taken, configuration
 * read, policy, intent, lease check, act. One thread: while a turn burns CPU nothing else runs here, and the clock
 * that the turn reads stands where it stood when the turn began.
 */
import type { Link, TokenState, Stale } from "../../../../src/lifecycle/admission.ts";
import {
  dueForRenewal,
  RENEWAL_TIMEOUT_MS,
  userEpochOf,
  type AgentAnswer,
  type Lease,
  type OrgAnswer,
  type WorkspaceAnswer,
} from "../../../../src/lifecycle/lease.ts";
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
  | { readonly with: "token"; readonly passage: TokenState }
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
  readonly admitted: (passage: TokenState) => void;
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
        this.#check(call, agents, now, "first", (passage) => this.#act(call, passage)),
      );
    };
    const audit = (): void => timeline.after(pace.audit, decide);
    const configure = (): void => {
      timeline.after(pace.config, () => {
        this.#turn(pace.policyCpu, (now) => {
          if (rules.checked === "last") return audit();
          return this.#check(call, agents, now, "first", (passage) =>
            timeline.after(pace.audit, () => this.#act(call, passage)),
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
      else if (dueForRenewal(lease, now)) this.#ask(id, now, ignore, ignore);
    }
    this.#askAll(missing, now, taken, failed);
  }

  #check(
    call: Call,
    agents: readonly string[],
    now: number,
    attempt: "first" | "last",
    admitted: (passage: TokenState) => void,
  ): void {
    const passage = this.#tokenStateOf(call.credential, now, attempt);
    const standing = {
      agents: new Map(agents.flatMap((id) => entryOf(id, this.#agents.get(id, now)))),
      workspace: this.#workspaces.get(WORKSPACE, now),
      org: this.#orgs.get(ORG, now),
    };
    const verdict = passage === undefined ? undefined : this.#world.rules.admit(passage, standing, now);
    if (passage !== undefined && verdict?.ok) return admitted(passage);
    if (attempt === "last") {
      return this.#refused(verdict?.ok === false ? verdict.error : { kind: "no_lease" }, passage);
    }
    // Refused by what may be an old answer: once more with fresh leases.
    return this.#askAll(
      [...agents, WORKSPACE, ORG],
      now,
      () => this.#turn(0, (later) => this.#check(call, agents, later, "last", admitted)),
      () => this.#refused({ kind: "timeout" }),
    );
  }

  #act(call: Call, passage: TokenState): void {
    const violation = this.#world.oracle.judge(passage);
    this.#world.count("admitted");
    this.#world.trace(() => `${this.id} admits ${JSON.stringify(passage)}${violation ? " AGAINST P3" : ""}`);
    call.admitted(passage);
  }

  #refused(why: { readonly kind: Stale["kind"] | "timeout" }, passage?: TokenState): void {
    this.#world.count(`refused: ${why.kind}`);
    const { weather, oracle, count } = this.#world;
    if (passage === undefined || !weather.calm || oracle.hasCauseToRefuse(passage)) return;
    count(`refused without a cause: ${why.kind}`);
  }

  /** What a credential stands for: a token carries it, a key gets it from the leases of this moment. */
  #tokenStateOf(credential: Credential, now: number, attempt: "first" | "last"): TokenState | undefined {
    if (credential.with === "token") return credential.passage;
    const { key, agent, subject, user } = credential;
    const name = `${key} ${subject?.path.at(-1) ?? ""} ${user ?? ""}`;
    const known = this.#exchanged.get(name);
    if (known !== undefined && attempt === "first") return known;
    const lease = this.#agents.get(agent, now);
    const workspace = this.#workspaces.get(WORKSPACE, now);
    if (lease === undefined || workspace === undefined) return known;
    const link: Link = { agent, epoch: lease.answer.epoch, key };
    const passage: TokenState = {
      ...(user === undefined ? {} : { user, userEpoch: userEpochOf(workspace.answer, user) }),
      ...subject,
      chain: [link, ...(subject?.chain ?? [])],
      haltEpoch: subject?.haltEpoch ?? workspace.answer.halt_epoch,
      path: [...(subject?.path ?? []), `${this.id}/${name}`],
    };
    this.#exchanged.set(name, passage);
    return passage;
  }

  #askAll(ids: readonly string[], now: number, all: () => void, failed: () => void): void {
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
    for (const id of ids) this.#ask(id, now, arrived, gaveUp);
  }

  /** Asks one object. An answer after the time-out is still kept: it counts from before the asking. */
  #ask(id: string, now: number, arrived: () => void, gaveUp: () => void): void {
    const { timeline, dice, count } = this.#world;
    let isOver = false;
    timeline.after(RENEWAL_TIMEOUT_MS * dice.between(1 - TIMER_EARLY, 1.1), () => {
      if (!isOver) gaveUp();
      isOver = true;
    });
    const keep = <A extends { readonly ttl_ms: number }>(book: Book<A>, owner: Asked<A>): void => {
      const asking = book.asking(now);
      this.#network.send(this.id, id, () =>
        owner.lease((answer) =>
          this.#network.send(id, this.id, () =>
            this.#turn(0, (arrivedAt) => {
              book.put(id, this.#world.rules.lease(answer, asking, arrivedAt));
              if (isOver) return count("late answers");
              isOver = true;
              return arrived();
            }),
          ),
        ),
      );
    };
    if (id === WORKSPACE) return keep(this.#workspaces, this.#owners.workspace);
    if (id === ORG) return keep(this.#orgs, this.#owners.org);
    const agent = this.#owners.agents.get(id);
    return agent === undefined ? gaveUp() : keep(this.#agents, agent);
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

const ignore = (): void => undefined;

const entryOf = <A>(id: string, lease: Lease<A> | undefined): [string, Lease<A>][] =>
  lease === undefined ? [] : [[id, lease]];

function agentsOf(credential: Credential): readonly string[] {
  const chain = credential.with === "token" ? credential.passage.chain : (credential.subject?.chain ?? []);
  const agents = chain.map(({ agent }) => agent);
  return credential.with === "token" ? agents : [credential.agent, ...agents];
}
