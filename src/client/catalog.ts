/** What a workspace offers to declare. Tools, pools and integrations differ in their members, not in their routes. */
import type { z } from "zod";
import { Listing, pageSize, type Page } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

export class Catalog<Create, Entry> {
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
    const query = { ...filter, limit: pageSize(filter.limit) };
    return new Listing((cursor) => this.#transport.read(this.#at, this.#page, { ...query, cursor }));
  }

  show(name: string, workspace?: string): Promise<Entry> {
    return this.#transport.read(`${this.#at}${route`/${name}`}`, this.#entry, {
      workspace,
    });
  }
}
