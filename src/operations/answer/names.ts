/** Adds names to the ids in audit records, with one query of the registry per page, and none for a page without ids. */
import type { AuditEntry, ShownEntry } from "../../contract/audit.ts";
import type { WorkspaceId } from "../../kernel/ids.ts";
import { agentNames } from "../../registry/agent-names.ts";
import type { Database } from "../../storage/client.ts";
import type { Emails } from "../owners/ledger-reader.ts";

/** The ids of all agents in a record. */
const agentsIn = ({ agent, chain = [], target }: AuditEntry): string[] => [
  ...(agent === undefined ? [] : [agent]),
  ...chain.map((link) => link.agent),
  ...(target?.type === "agent" ? [target.id] : []),
];

/**
 * @param workspace the workspace whose agents may be named; null for all of them, for the organization's ledger.
 * @param emails addresses of users, for records that do not contain them.
 */
export async function withNames<E extends AuditEntry>(
  db: Database,
  workspace: WorkspaceId | null,
  entries: readonly E[],
  emails: Emails,
): Promise<(E & Pick<ShownEntry, "names">)[]> {
  const ids = new Set(entries.flatMap(agentsIn));
  const known = await agentNames(db, workspace, [...ids]);
  return entries.map((entry) => ({
    ...entry,
    names: { ...namesIn(entry, known), ...userIn(entry, emails) },
  }));
}

const namesIn = (entry: AuditEntry, known: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries(
    agentsIn(entry).flatMap((id) => {
      const name = known.get(id);
      return name === undefined ? [] : [[id, name]];
    }),
  );

function userIn({ user }: AuditEntry, emails: Emails): Record<string, string> {
  if (user === undefined) return {};
  const email = user.email === undefined && Object.hasOwn(emails, user.id) ? emails[user.id] : user.email;
  return typeof email === "string" ? { [user.id]: email } : {};
}
