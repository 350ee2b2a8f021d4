/** Lists of the API, as `for await (const agent of …)`: a page is fetched when the loop needs it. */
import { UnreadableAnswerError } from "../../sdk/typescript/src/errors.ts";

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

/** The beginning of a list, or what follows a cursor. */
export interface Taken<T> {
  readonly items: readonly T[];
  /** The cursor of the rest of the list; null at the end of the list. */
  readonly next: string | null;
}

/** The largest page of the API. */
const LARGEST_PAGE = 200;
/** 2,000,000 items at 200 a page. The bound keeps a service that always has one more page from holding the program. */
const MOST_PAGES = 10_000;

/** @param size the greatest number of items in the page. */
type FetchPage<T> = (cursor: string | undefined, size: number) => Promise<Page<T>>;

export class Listing<T> implements AsyncIterable<T> {
  readonly #fetchPage: FetchPage<T>;
  readonly #largest: number;

  /** @param limit the greatest number of items in a page, 1 to 200. */
  constructor(fetchPage: FetchPage<T>, limit: number = LARGEST_PAGE) {
    this.#fetchPage = fetchPage;
    this.#largest = Math.min(LARGEST_PAGE, limit);
  }

  /** One page; `cursor` is the `next_cursor` of the page before. */
  page(cursor?: string): Promise<Page<T>> {
    return this.#fetchPage(cursor, this.#largest);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const { items } of this.#pages(undefined, () => this.#largest)) yield* items;
  }

  /**
   * A number of items, fetched in as few pages as possible.
   * @param limit the number of items; default: all.
   * @param from the cursor at which they begin; default: the beginning of the list.
   * @throws UnreadableAnswerError for a list that does not end.
   */
  async take(limit: number = Number.POSITIVE_INFINITY, from?: string): Promise<Taken<T>> {
    const items: T[] = [];
    const size = (): number => Math.min(this.#largest, limit - items.length);
    for await (const page of this.#pages(from, size)) {
      const wanted = limit - items.length;
      if (page.items.length > wanted) throw endless("a page holds more items than were asked for");
      for (const item of page.items) items.push(item);
      if (items.length === limit) return { items, next: page.next_cursor };
    }
    return { items, next: null };
  }

  async *#pages(from: string | undefined, size: () => number): AsyncGenerator<Page<T>, void, undefined> {
    let cursor = from;
    for (let count = 0; count < MOST_PAGES; count += 1) {
      const page = await this.#fetchPage(cursor, size());
      yield page;
      if (page.next_cursor === null) return;
      if (page.next_cursor === cursor) throw endless("the list does not advance");
      cursor = page.next_cursor;
    }
    throw endless(`the list has not ended after ${MOST_PAGES} pages`);
  }
}

const endless = (what: string): UnreadableAnswerError =>
  new UnreadableAnswerError(what, { status: 200, requestId: null });
