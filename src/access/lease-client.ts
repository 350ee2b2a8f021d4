/**
 * The leases of this isolate: who asks, when, and what is done with the answer (design part 5).
 *
 * The books hold plain data only. A promise in flight is never shared between requests: on Workers it belongs to the
 * request that made it and dies with it. So a request without a lease asks for itself, and a lease past half of its
 * life is renewed in the background of whichever request notices.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import { admit, type TokenState, type Stale } from "../lifecycle/admission.ts";
import {
  dueForRenewal,
  REFUSAL_KEEP_MS,
  RENEWAL_TIMEOUT_MS,
  type AgentAnswer,
  type Lease,
  type LeaseBook,
  type OrgAnswer,
  type WorkspaceAnswer,
} from "../lifecycle/lease.ts";

/** Where answers come from: the owner objects. */
export interface LeaseSource {
  agent(id: AgentId): Promise<AgentAnswer>;
  workspace(id: WorkspaceId): Promise<WorkspaceAnswer>;
  org(): Promise<OrgAnswer>;
}

/** Globals of an isolate. `renewing`: when a renewal was last begun, by name. */
export interface LeaseBooks {
  readonly agents: LeaseBook<AgentAnswer>;
  readonly workspaces: LeaseBook<WorkspaceAnswer>;
  readonly org: LeaseBook<OrgAnswer>;
  readonly renewing: Map<string, number>;
}

export interface LeaseClientPorts {
  readonly source: LeaseSource;
  readonly books: LeaseBooks;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Lets a promise outlive the answer of this request. */
  background(work: Promise<unknown>): void;
}

/** No lease could be had in time. Undecidable: 503 with `Retry-After`. */
export interface NoLease {
  readonly kind: "no_lease";
  /** `provider`: what an identity provider publishes about its keys. */
  readonly of: "agent" | "workspace" | "org" | "provider";
}

/** Whose standing a call depends on. */
export interface Parties {
  readonly agents: readonly AgentId[];
  readonly workspace: WorkspaceId;
}

export class LeaseClient {
  readonly #ports: LeaseClientPorts;

  constructor(ports: LeaseClientPorts) {
    this.#ports = ports;
  }

  agent(id: AgentId): Promise<Result<Lease<AgentAnswer>, NoLease>> {
    const { books, source } = this.#ports;
    return this.#current("agent", books.agents, id, () => source.agent(id));
  }

  /** As `agent`, but asked within `REFUSAL_KEEP_MS`: for a lease that says no, because it may not have heard of a start. */
  async freshAgent(id: AgentId): Promise<Result<Lease<AgentAnswer>, NoLease>> {
    const { books, source, clock } = this.#ports;
    const lease = books.agents.get(id, clock.now());
    if (lease !== undefined && this.#isFresh(lease)) return ok(lease);
    return this.#renew("agent", books.agents, id, () => source.agent(id));
  }

  workspace(id: WorkspaceId): Promise<Result<Lease<WorkspaceAnswer>, NoLease>> {
    const { books, source } = this.#ports;
    return this.#current("workspace", books.workspaces, id, () => source.workspace(id));
  }

  org(): Promise<Result<Lease<OrgAnswer>, NoLease>> {
    const { books, source } = this.#ports;
    return this.#current("org", books.org, "org", () => source.org());
  }

  /** As `org`, but asked now: for answers about keys and tokens that no lease may date back. */
  freshOrg(): Promise<Result<Lease<OrgAnswer>, NoLease>> {
    const { books, source } = this.#ports;
    return this.#renew("org", books.org, "org", () => source.org());
  }

  /**
   * Step 7 of the column. The check itself is synchronous and the last thing before the caller acts or answers.
   * A lease that has run out meanwhile is asked for again, and so is one that says no, because a stop and a start may
   * both have happened since. A "no" that was just given is final: who is stopped cannot make the objects work.
   * @param freshness `always`: no lease is trusted, every object is asked now.
   */
  async admits(
    passage: TokenState,
    parties: Parties,
    freshness: "leased" | "always",
  ): Promise<Result<void, Stale>> {
    if (freshness === "leased") {
      const first = this.#check(passage, parties);
      if (first.ok) return first;
    }
    const asked = await this.#ask(parties, freshness === "always" ? "all" : "older");
    if (!asked.ok) return err({ kind: "no_lease", of: asked.error.of, id: "" });
    return this.#check(passage, parties);
  }

  #check(passage: TokenState, parties: Parties): Result<void, Stale> {
    const { books, clock } = this.#ports;
    const now = clock.now();
    const agents = new Map<string, Lease<AgentAnswer>>();
    for (const id of parties.agents) {
      const lease = books.agents.get(id, now);
      if (lease !== undefined) agents.set(id, lease);
    }
    const workspace = books.workspaces.get(parties.workspace, now);
    return admit(passage, { agents, workspace, org: books.org.get("org", now) }, now);
  }

  /** Asks the objects of the parties: all of them, or those whose lease was not asked for just now. */
  async #ask(parties: Parties, which: "all" | "older"): Promise<Result<void, NoLease>> {
    const { books, source } = this.#ports;
    const answers = await Promise.all([
      ...parties.agents.map((id) => this.#askOne(which, "agent", books.agents, id, () => source.agent(id))),
      this.#askOne(which, "workspace", books.workspaces, parties.workspace, () =>
        source.workspace(parties.workspace),
      ),
      this.#askOne(which, "org", books.org, "org", () => source.org()),
    ]);
    return answers.find((answer) => !answer.ok) ?? ok(undefined);
  }

  async #askOne<A extends { readonly ttl_ms: number }>(
    which: "all" | "older",
    of: NoLease["of"],
    book: LeaseBook<A>,
    id: string,
    ask: () => Promise<A>,
  ): Promise<Result<Lease<A>, NoLease>> {
    const lease = book.get(id, this.#ports.clock.now());
    if (which === "older" && lease !== undefined && this.#isFresh(lease)) return ok(lease);
    return this.#renew(of, book, id, ask);
  }

  #isFresh(lease: Lease<unknown>): boolean {
    return this.#ports.clock.now() - lease.askedAt < REFUSAL_KEEP_MS;
  }

  async #current<A extends { readonly ttl_ms: number }>(
    of: NoLease["of"],
    book: LeaseBook<A>,
    id: string,
    ask: () => Promise<A>,
  ): Promise<Result<Lease<A>, NoLease>> {
    const { clock, books } = this.#ports;
    const now = clock.now();
    const lease = book.get(id, now);
    if (lease === undefined) return this.#renew(of, book, id, ask);
    const begun = books.renewing.get(id) ?? 0;
    if (dueForRenewal(lease, now) && (begun > now || now - begun > RENEWAL_TIMEOUT_MS)) {
      books.renewing.set(id, now);
      this.#ports.background(this.#renew(of, book, id, ask));
    }
    return ok(lease);
  }

  async #renew<A extends { readonly ttl_ms: number }>(
    of: NoLease["of"],
    book: LeaseBook<A>,
    id: string,
    ask: () => Promise<A>,
  ): Promise<Result<Lease<A>, NoLease>> {
    const { clock, timers, books } = this.#ports;
    const asking = book.asking(clock.now()); // before asking: a slow answer is never good for longer than a quick one
    const answer = await Promise.race([
      ask().catch(() => undefined),
      timers.sleep(RENEWAL_TIMEOUT_MS).then(() => undefined),
    ]);
    books.renewing.delete(id);
    if (answer === undefined) return err({ kind: "no_lease", of });
    const lease: Lease<A> = { answer, ...asking };
    book.put(id, lease);
    return ok(lease);
  }
}
