/** The sort orders of a list of agents, by the indexes of migration 0013. */
import { sql } from "drizzle-orm";
import type { AgentSort } from "../contract/agent-list.ts";
import { ListOrder } from "../storage/list-order.ts";
import { agents } from "../storage/tables/agents.ts";

/** The scope to which a list is narrowed first. Each scope has indexes of its own. */
export type OrderWithin = "workspace" | "everywhere" | "steward";

type SortedBy = "name" | "created" | "last_activity";

const ORDERED = {
  table: sql`${agents}`,
  id: sql`${agents.id}`,
  columns: {
    name: sql<string>`${agents.name}`,
    created: sql<number>`${agents.createdAt}`,
    last_activity: sql<number>`${agents}.acted_at`,
  },
  indexes: {
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
  },
} as const;

export class AgentOrder extends ListOrder<OrderWithin, SortedBy> {
  constructor(sort: AgentSort) {
    super(ORDERED, sort);
  }
}
