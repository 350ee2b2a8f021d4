/** Finds agents by words of their names. */
import { sql, type SQL } from "drizzle-orm";
import type { AgentId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import type { ListScope } from "../storage/list-scope.ts";
import { agents } from "../storage/tables/agents.ts";

/** Sorts after every character of a name, in the binary order of SQLite. */
const BEHIND_NAMES = "{";

/** The search terms; for each, some word of the name must begin with it. */
const termsOf = (search: string): string[] => search.split(" ");

const beginsWith = (term: string): SQL => sql`word >= ${term} AND word < ${term + BEHIND_NAMES}`;

/**
 * The SQL condition: for each search term, some word of the agent's name begins with it. The words are read by the
 * agent's id.
 */
export const isFound = (search: string): SQL =>
  sql.join(
    termsOf(search).map(
      (term) =>
        sql`EXISTS (SELECT 1 FROM agent_name_words WHERE agent_id = ${agents.id} AND ${beginsWith(term)})`,
    ),
    sql` AND `,
  );

/** The agents that match the longest term of a search. The other terms remain to be checked. */
export function foundStatement(place: ListScope, search: string, most: number): SQL {
  const term = termsOf(search).reduce((longest, next) => (next.length > longest.length ? next : longest));
  const from =
    "workspace" in place
      ? sql`agent_name_words INDEXED BY agent_name_words_by_workspace WHERE workspace_id = ${place.workspace} AND`
      : sql`agent_name_words INDEXED BY agent_name_words_everywhere WHERE`;
  return sql`SELECT DISTINCT agent_id AS id FROM ${from} ${beginsWith(term)} LIMIT ${most}`;
}

/**
 * @returns null for more than `most` agents. Then so many names match that a walk through the list soon fills a page.
 */
export async function findByWords(
  db: Database,
  place: ListScope,
  search: string,
  most: number,
): Promise<readonly AgentId[] | null> {
  const rows = await db.all<{ id: AgentId }>(foundStatement(place, search, most + 1));
  return rows.length > most ? null : rows.map(({ id }) => id);
}
