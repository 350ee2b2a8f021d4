/** The audit trail of a workspace. Reading it is itself recorded. */
import { shownEntry, type AuditQuery, type ShownEntry } from "../contract/audit.ts";
import { auditReplayed, type AuditReplayed } from "../contract/audit-replay.ts";
import { list } from "../contract/words.ts";
import { ConnectionError } from "./errors.ts";
import { serverEvents } from "./event-stream.ts";
import { Listing, pageSize } from "./listing.ts";
import type { Transport } from "./transport.ts";

const auditPage = list(shownEntry);

export type AuditFilter = {
  readonly [K in Exclude<keyof AuditQuery, "cursor">]?: AuditQuery[K] | undefined;
} & { readonly workspace?: string | undefined };

export type TailFilter = Omit<AuditFilter, "limit" | "order">;

export class AuditTrail {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Brings records that the queue gave up on to their ledgers. Safe to repeat. */
  replay(): Promise<AuditReplayed> {
    return this.#transport.change("POST", "/api/v1/audit/replay", auditReplayed, {});
  }

  /** Records that match every filter; newest first unless `order` says otherwise. */
  list(filter: AuditFilter = {}): Listing<ShownEntry> {
    const query = { ...filter, limit: pageSize(filter.limit) };
    return new Listing((cursor) => this.#transport.read("/api/v1/audit", auditPage, { ...query, cursor }));
  }

  /**
   * Records as they arrive, oldest first, until the connection ends.
   * @param after go on behind this `seq`; undefined: only what comes from now on.
   */
  async *tail(filter: TailFilter = {}, after?: number): AsyncGenerator<ShownEntry> {
    const headers: Record<string, string> = after === undefined ? {} : { "Last-Event-ID": String(after) };
    const body = await this.#transport.open("/api/v1/audit/tail", { ...filter }, headers);
    try {
      for await (const event of serverEvents(body)) yield shownEntry.parse(JSON.parse(event.data));
    } catch (fault) {
      // The platform says that a stream was cut by a TypeError; everything else is not about the connection.
      if (!(fault instanceof TypeError)) throw fault;
      throw new ConnectionError("the connection was cut", { cause: fault, sent: true });
    }
  }
}
