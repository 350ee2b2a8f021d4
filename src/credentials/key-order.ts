/** The orders of a list of keys: the indexes of migration 0015. */
import { sql } from "drizzle-orm";
import type { KeySort } from "../contract/key.ts";
import { ListOrder } from "../storage/list-order.ts";
import { apiKeys } from "../storage/tables/agents.ts";

type SortedBy = "created" | "expires" | "last_used";

/** When a key ends; one without an end has a time there too, and so has one without a use in `used_at`. */
export const ENDS_AT = sql<number>`${apiKeys}.ends_at`;

const ORDERED = {
  table: sql`${apiKeys}`,
  id: sql`${apiKeys.id}`,
  columns: {
    created: sql<number>`${apiKeys.createdAt}`,
    expires: ENDS_AT,
    last_used: sql<number>`${apiKeys}.used_at`,
  },
  indexes: {
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
  },
} as const;

export class KeyOrder extends ListOrder<"workspace" | "everywhere", SortedBy> {
  constructor(sort: KeySort) {
    super(ORDERED, sort);
  }
}
