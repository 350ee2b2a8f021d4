/** The audit trail of a workspace. Reading it is itself recorded. */
import { auditEntrySchema, type AuditEntry, type AuditQuery } from "../contract/audit.ts";
import { list } from "../contract/words.ts";
import { Listing, pageSize } from "./listing.ts";
import type { Transport } from "./transport.ts";

const auditPage = list(auditEntrySchema);

export type AuditFilter = {
  readonly [K in Exclude<keyof AuditQuery, "cursor">]?: AuditQuery[K] | undefined;
} & { readonly workspace?: string | undefined };

export class AuditTrail {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Records that match every filter; newest first unless `order` says otherwise. */
  list(filter: AuditFilter = {}): Listing<AuditEntry> {
    const query = { ...filter, limit: pageSize(filter.limit) };
    return new Listing((cursor) => this.#transport.read("/api/v1/audit", auditPage, { ...query, cursor }));
  }
}
