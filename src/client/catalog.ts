/**
 * The catalog of a workspace: what its agents may declare. Tools, pools and integrations differ in their members, not
 * in their routes.
 */
import type { z } from "zod";
import { entryRemoved, type EntryRemoved } from "../contract/catalog.ts";
import { ifMatch } from "./if-match.ts";
import { Listing, type Page } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

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
   * @param patch only the members that change.
   * @param readVersion the `version` on which the change is based; if it has changed since: ConflictError (412).
   */
  update(name: string, patch: Change, workspace?: string, readVersion?: number): Promise<Entry> {
    const options = { body: patch, query: { workspace }, headers: ifMatch(readVersion) };
    return this.#transport.change("PATCH", `${this.#at}${route`/${name}`}`, this.#entry, options);
  }

  /** Refused while agents declare the entry, unless `force` is set; the answer names the agents that lose it. */
  remove(
    name: string,
    options: { workspace?: string | undefined; force?: boolean; readVersion?: number } = {},
  ): Promise<EntryRemoved> {
    const query = { workspace: options.workspace, force: options.force === true || undefined };
    return this.#transport.change("DELETE", `${this.#at}${route`/${name}`}`, entryRemoved, {
      query,
      headers: ifMatch(options.readVersion),
    });
  }
}
