/**
 * The orders of a list of keys. Each is one index of migration 0015 that ends in the key's id. So every key has a
 * unique position, and a page begins where the one before ended.
 */
import { sql, type SQL } from "drizzle-orm";
import type { KeySort } from "../contract/key.ts";
import { apiKeys } from "../storage/tables/agents.ts";

/**
 * A position in an order: the time sorted by, in milliseconds since the epoch, and the id of the key at that
 * position.
 */
export interface KeyPlace {
  readonly value: string | number;
  readonly id: string;
}

type SortedBy = "created" | "expires" | "last_used";

/** The columns of the indexes. A key without an expiry, or without a use, has a time there too. */
export const ENDS_AT = sql<number>`${apiKeys}.ends_at`;
const COLUMN: Readonly<Record<SortedBy, SQL<number>>> = {
  created: sql<number>`${apiKeys.createdAt}`,
  expires: ENDS_AT,
  last_used: sql<number>`${apiKeys}.used_at`,
};

const INDEX: Readonly<Record<"workspace" | "everywhere", Readonly<Record<SortedBy, SQL>>>> = {
  workspace: {
    created: sql`api_keys_by_age`,
    expires: sql`api_keys_by_end`,
    last_used: sql`api_keys_by_use`,
  },
  everywhere: {
    created: sql`api_keys_everywhere_by_age`,
    expires: sql`api_keys_everywhere_by_end`,
    last_used: sql`api_keys_everywhere_by_use`,
  },
};

export class KeyOrder {
  readonly #by: SortedBy;
  readonly #descending: boolean;

  constructor(sort: KeySort) {
    this.#descending = sort.startsWith("-");
    this.#by = sort.replace("-", "") as SortedBy;
  }

  /** The value that the list is sorted by. */
  get value(): SQL<number> {
    return COLUMN[this.#by];
  }

  /** The table, restricted to the index of this order. Without that index the statement fails; it never sorts. */
  table(within: "workspace" | "everywhere"): SQL {
    return sql`${apiKeys} INDEXED BY ${INDEX[within][this.#by]}`;
  }

  get terms(): SQL {
    const [value, id] = [this.value, apiKeys.id];
    return this.#descending ? sql`${value} DESC, ${id} DESC` : sql`${value}, ${id}`;
  }

  behind({ value, id }: KeyPlace): SQL {
    return sql`(${this.value}, ${apiKeys.id}) ${this.#descending ? sql`<` : sql`>`} (${value}, ${id})`;
  }

  upTo({ value, id }: KeyPlace): SQL {
    return sql`(${this.value}, ${apiKeys.id}) ${this.#descending ? sql`>=` : sql`<=`} (${value}, ${id})`;
  }
}
