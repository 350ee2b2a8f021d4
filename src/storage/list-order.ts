/**
 * The orders of a list. Each is one index with the row's id behind what is sorted by, so that every row has a place of its own and
 * a page begins where the one before has ended.
 */
import { sql, type SQL } from "drizzle-orm";

/** A place in an order: what is sorted by, and the id of the row that stands there. Times in milliseconds since the epoch. */
export interface OrderKey {
  readonly value: string | number;
  readonly id: string;
}

/** What there is to sort by, and the index for it in whatever a list is narrowed to first. */
export interface Ordered<Within extends string, By extends string> {
  readonly table: SQL;
  readonly id: SQL;
  readonly columns: Readonly<Record<By, SQL<string | number>>>;
  readonly indexes: Readonly<Record<Within, Readonly<Record<By, SQL>>>>;
}

export class ListOrder<Within extends string, By extends string> {
  readonly #of: Ordered<Within, By>;
  readonly #by: By;
  readonly #descending: boolean;

  /** @param sort with `-` in front: the other way round. */
  constructor(of: Ordered<Within, By>, sort: By | `-${By}`) {
    this.#of = of;
    this.#descending = sort.startsWith("-");
    this.#by = sort.replace("-", "") as By;
  }

  /** What the list is sorted by. */
  get value(): SQL<string | number> {
    return this.#of.columns[this.#by];
  }

  /** The table, to be read by the index of this order and by no other: without it the statement fails, and never sorts. */
  table(within: Within): SQL {
    return sql`${this.#of.table} INDEXED BY ${this.#of.indexes[within][this.#by]}`;
  }

  get terms(): SQL {
    return this.#descending
      ? sql`${this.value} DESC, ${this.#of.id} DESC`
      : sql`${this.value}, ${this.#of.id}`;
  }

  behind({ value, id }: OrderKey): SQL {
    return sql`(${this.value}, ${this.#of.id}) ${this.#descending ? sql`<` : sql`>`} (${value}, ${id})`;
  }

  upTo({ value, id }: OrderKey): SQL {
    return sql`(${this.value}, ${this.#of.id}) ${this.#descending ? sql`>=` : sql`<=`} (${value}, ${id})`;
  }
}

/** What a page shows, and where the next one begins; null: this is the last one. */
interface OrderedPage<Row> {
  readonly shown: readonly Row[];
  readonly next: OrderKey | null;
}

/**
 * @param rows one more than `limit` when there is a next page.
 * @param edge where the walk ended that found them; undefined: at the end of the list.
 */
export function pageUpTo<Row extends OrderKey>(
  rows: readonly Row[],
  limit: number,
  edge: OrderKey | undefined,
): OrderedPage<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const isMore = rows.length > limit && last !== undefined;
  return { shown, next: isMore ? { value: last.value, id: last.id } : (edge ?? null) };
}
