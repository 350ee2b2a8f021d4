/**
 * The catalog of a workspace: what its agents may declare. Tools, pools and integrations differ in their members, not
 * in their routes.
 */
import type { z } from "zod";
import { entryRemoved, type EntryRemoved } from "../contract/catalog.ts";
import type { Query } from "../../sdk/typescript/src/transport.ts";
import { ifMatch } from "./if-match.ts";
import { Listing, type Page } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

export interface ChangeOptions {
  readonly workspace?: string | undefined;
  /** Policies in force need not fit what the change leaves of the catalog. */
  readonly evenIfPoliciesBreak?: boolean | undefined;
  /** The `version` on which the change is based; if it has changed since: ConflictError (412). */
  readonly readVersion?: number | undefined;
}

/** The query of a change of the catalog. */
export const queryOf = ({ workspace, evenIfPoliciesBreak }: ChangeOptions): Query => ({
  workspace,
  even_if_policies_break: evenIfPoliciesBreak === true || undefined,
});

export class Catalog<Create, Entry, Change extends object = object> {
  readonly #transport: Transport;
  readonly #at: string;
  readonly #entry: z.ZodType<Entry>;
  readonly #page: z.ZodType<Page<Entry>>;

  /** @param at the collection's path, for instance `/api/v1/tools`. */
  constructor(transport: Transport, at: string, entry: z.ZodType<Entry>, page: z.ZodType<Page<Entry>>) {
    this.#transport = transport;
    this.#at = at;
    this.#entry = entry;
    this.#page = page;
  }

  add(body: Create): Promise<Entry> {
    return this.#transport.change("POST", this.#at, this.#entry, { body });
  }

  list(filter: { workspace?: string | undefined; limit?: number | undefined } = {}): Listing<Entry> {
    return new Listing(
      (cursor, size) => this.#transport.read(this.#at, this.#page, { ...filter, limit: size, cursor }),
      filter.limit,
    );
  }

  show(name: string, workspace?: string): Promise<Entry> {
    return this.#transport.read(`${this.#at}${route`/${name}`}`, this.#entry, {
      workspace,
    });
  }

  /**
   * Refused when policies in force would no longer fit, unless `evenIfPoliciesBreak` is set.
   * @param patch only the members that change.
   */
  update(name: string, patch: Change, options: ChangeOptions = {}): Promise<Entry> {
    const { readVersion } = options;
    const sent = { body: patch, query: queryOf(options), headers: ifMatch(readVersion) };
    return this.#transport.change("PATCH", `${this.#at}${route`/${name}`}`, this.#entry, sent);
  }

  /** Refused while agents declare the entry, unless `force` is set; the answer names the agents that lose it. */
  remove(name: string, options: ChangeOptions & { readonly force?: boolean } = {}): Promise<EntryRemoved> {
    const query = { ...queryOf(options), force: options.force === true || undefined };
    return this.#transport.change("DELETE", `${this.#at}${route`/${name}`}`, entryRemoved, {
      query,
      headers: ifMatch(options.readVersion),
    });
  }
}
