/** The ledger of a workspace. Reading it is itself recorded. */
import { shownEntry, type AuditQuery, type ShownEntry } from "../contract/audit.ts";
import { auditReplayed, type AuditReplayed } from "../contract/audit-replay.ts";
import { openActList, type OpenAct, type OpenActQuery } from "../contract/open-act.ts";
import { list } from "../contract/words.ts";
import { Listing } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

const auditPage = list(shownEntry);

export type AuditFilter = {
  readonly [K in Exclude<keyof AuditQuery, "cursor">]?: AuditQuery[K] | undefined;
} & UserRef & { readonly workspace?: string | undefined };

/** A user as the identity provider names it; an alternative to `user`, which is an id or an e-mail address. */
export interface UserRef {
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly tenant?: string | undefined;
}

export type OpenActFilter = {
  readonly [K in Exclude<keyof OpenActQuery, "cursor">]?: OpenActQuery[K] | undefined;
} & { readonly workspace?: string | undefined };

export type TailFilter = Omit<AuditFilter, "limit" | "order" | "after">;

export class AuditTrail {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Writes the records that the queue gave up on to their ledgers. Safe to repeat. */
  replay(): Promise<AuditReplayed> {
    return this.#transport.change("POST", "/api/v1/audit/replay", auditReplayed, {});
  }

  show(id: string, workspace?: string): Promise<ShownEntry> {
    return this.#transport.read(route`/api/v1/audit/records/${id}`, shownEntry, { workspace });
  }

  /** Records that match every filter; newest first unless `order` says otherwise. */
  list(filter: AuditFilter = {}): Listing<ShownEntry> {
    return new Listing(
      (cursor, size) => this.#transport.read("/api/v1/audit", auditPage, { ...filter, limit: size, cursor }),
      filter.limit,
    );
  }

  /** The intents of calls that have no outcome yet, oldest first. */
  open(filter: OpenActFilter = {}): Listing<OpenAct> {
    return new Listing(
      (cursor, size) =>
        this.#transport.read("/api/v1/audit/open", openActList, { ...filter, limit: size, cursor }),
      filter.limit,
    );
  }

  /**
   * Records as they arrive, oldest first, until the connection ends.
   * @param after continue after this `seq`. When undefined: records from `since` on, or without `since` only new ones.
   * @throws DomeError when there is no connection, when it was cut or has fallen silent, or when the service refuses.
   */
  async *tail(filter: TailFilter = {}, after?: number): AsyncGenerator<ShownEntry> {
    const headers: Record<string, string> = after === undefined ? {} : { "Last-Event-ID": String(after) };
    for await (const { data } of this.#transport.events("/api/v1/audit/tail", { ...filter }, headers))
      yield shownEntry.parse(JSON.parse(data));
  }
}
