/** The RPC methods that all owner objects share. */
import { DurableObject } from "cloudflare:workers";
import { writeDraft, type WrittenDraft } from "../audit/record.ts";
import type { AuditDraft, AuditRecord } from "../contract/audit.ts";
import type { AuditOwner } from "../operations/owners/audit-owner.ts";
import type { OwnerCore } from "./owner-core.ts";

export abstract class OwnerShell<Kind extends string> extends DurableObject implements AuditOwner {
  readonly #core: OwnerCore<Kind>;

  constructor(state: DurableObjectState, raw: Cloudflare.Env, core: OwnerCore<Kind>) {
    super(state, raw);
    this.#core = core;
  }

  /** A door that has not been deployed anew yet sends drafts that nobody has written. */
  record(drafts: readonly (WrittenDraft | AuditDraft)[]): Promise<void> {
    return this.#core.relay.record(drafts.map((draft) => ("json" in draft ? draft : writeDraft(draft))));
  }

  carry(records: readonly AuditRecord[]): Promise<void> {
    return this.#core.relay.carry(records);
  }

  drainAudit(): Promise<void> {
    this.#core.relay.d1Soon();
    return Promise.resolve();
  }

  override async alarm(): Promise<void> {
    await this.#core.fire();
  }
}
