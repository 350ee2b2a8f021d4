/** Lists of the API, as `for await (const agent of …)`: a page is fetched when the loop needs it. */
import { UnreadableAnswerError } from "./errors.ts";

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

export class Listing<T> implements AsyncIterable<T> {
  readonly #fetchPage: (cursor: string | undefined) => Promise<Page<T>>;

  constructor(fetchPage: (cursor: string | undefined) => Promise<Page<T>>) {
    this.#fetchPage = fetchPage;
  }

  /** One page; `cursor` is the `next_cursor` of the page before. */
  page(cursor?: string): Promise<Page<T>> {
    return this.#fetchPage(cursor);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    let cursor: string | undefined;
    for (;;) {
      const page = await this.#fetchPage(cursor);
      yield* page.items;
      if (page.next_cursor === null) return;
      if (page.next_cursor === cursor) {
        throw new UnreadableAnswerError("the list does not advance", {
          status: 200,
          requestId: null,
        });
      }
      cursor = page.next_cursor;
    }
  }

  /**
   * The first `limit` items (default: all), and whether there are more.
   * It asks for one item more than it returns, so that `more` is never a guess.
   */
  async take(limit = Number.POSITIVE_INFINITY): Promise<{ items: T[]; more: boolean }> {
    const items: T[] = [];
    for await (const item of this) {
      if (items.length >= limit) return { items, more: true };
      items.push(item);
    }
    return { items, more: false };
  }
}

/** The page size for somebody who wants `limit` items: as few requests as the API allows (200 per page). */
export const pageSize = (limit: number | undefined): number => Math.min(200, (limit ?? 200) + 1);
