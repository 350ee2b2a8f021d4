/**
 * The orders of a list of agents. Each is one index of migration 0013, with the agent's id behind it, so that every agent has a
 * place of its own and a page begins where the one before has ended.
 */
import { sql, type SQL } from "drizzle-orm";
import type { AgentSort } from "../contract/agent-list.ts";
import { agents } from "../storage/tables/agents.ts";

/** A place in an order: what is sorted by, and the id of the agent that stands there. Times in milliseconds since the epoch. */
export interface OrderKey {
  readonly value: string | number;
  readonly id: string;
}

/** What the list is narrowed to first: each has indexes of its own. */
export type OrderWithin = "workspace" | "everywhere" | "steward";

type SortedBy = "name" | "created" | "last_activity";

const COLUMN: Readonly<Record<SortedBy, SQL>> = {
  name: sql`${agents.name}`,
  created: sql`${agents.createdAt}`,
  last_activity: sql`${agents}.acted_at`,
};

type Sorted = Pick<typeof agents.$inferSelect, "id" | "name" | "createdAt" | "lastActiveAt">;

const VALUE: Readonly<Record<SortedBy, (agent: Sorted) => string | number>> = {
  name: ({ name }) => name,
  created: ({ createdAt }) => createdAt,
  last_activity: ({ lastActiveAt }) => lastActiveAt ?? 0,
};

const INDEX: Readonly<Record<OrderWithin, Readonly<Record<SortedBy, SQL>>>> = {
  workspace: {
    name: sql`sqlite_autoindex_agents_2`, // UNIQUE (workspace_id, name)
    created: sql`agents_by_age`,
    last_activity: sql`agents_by_activity`,
  },
  everywhere: {
    name: sql`agents_everywhere_by_name`,
    created: sql`agents_everywhere_by_age`,
    last_activity: sql`agents_everywhere_by_activity`,
  },
  steward: {
    name: sql`agents_of_steward_by_name`,
    created: sql`agents_of_steward_by_age`,
    last_activity: sql`agents_of_steward_by_activity`,
  },
};

export class AgentOrder {
  readonly by: SortedBy;
  readonly #descending: boolean;

  constructor(sort: AgentSort) {
    this.#descending = sort.startsWith("-");
    this.by = sort.replace("-", "") as SortedBy;
  }

  get key(): SQL<string | number> {
    return COLUMN[this.by] as SQL<string | number>;
  }

  /** The table, to be read by the index of this order and by no other: without it the statement fails, and never sorts. */
  table(within: OrderWithin): SQL {
    return sql`${agents} INDEXED BY ${INDEX[within][this.by]}`;
  }

  get terms(): readonly SQL[] {
    return [this.key, sql`${agents.id}`].map((term) => (this.#descending ? sql`${term} DESC` : term));
  }

  keyOf(agent: Sorted): OrderKey {
    return { value: VALUE[this.by](agent), id: agent.id };
  }

  behind({ value, id }: OrderKey): SQL {
    return sql`(${this.key}, ${agents.id}) ${this.#descending ? sql`<` : sql`>`} (${value}, ${id})`;
  }

  upTo({ value, id }: OrderKey): SQL {
    return sql`(${this.key}, ${agents.id}) ${this.#descending ? sql`>=` : sql`<=`} (${value}, ${id})`;
  }
}
