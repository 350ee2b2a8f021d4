/**
 * The end users for whom agents of a workspace have acted. What is known of them comes from the records of its ledger; that
 * somebody read it is recorded before it is answered, as a reading of the trail.
 */
import type { User } from "../contract/user.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AgentId, HaltId } from "../kernel/ids.ts";
import { agentNames } from "../registry/agent-names.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import { pageOf, type Page } from "./answer/page.ts";
import { namesNothing, type Refusal } from "./answer/refusal.ts";
import { userIdFor, type UserFilter } from "./audit-filters.ts";
import { noteReading } from "./note-reading.ts";
import type { KnownUser } from "./owners/ledger-reader.ts";
import type { StoppedUser } from "./owners/stop-commands.ts";
import type { ReceiptPorts } from "./read-halt.ts";
import { workspaceFor } from "./request/resolve.ts";
import type { OperatorRequest } from "./request/ports.ts";

type UserListQuery = UserFilter & {
  readonly workspace?: string | undefined;
  readonly limit: number;
};

/** @param after the id of the last user of the page before. */
export async function listUsers(
  ports: ReceiptPorts,
  request: OperatorRequest,
  query: UserListQuery,
  after: string | undefined,
): Promise<Result<Page<User>, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, query.workspace);
  if (!home.ok) return home;
  const row = home.value;
  const place = `workspace ${row.name}`;
  const which = await userIdFor(ports, { row, place }, query);
  if (!which.ok) return which;
  const known = await ports.ledgers.users(row.id, { id: which.value, after, limit: query.limit });
  const noted = await noteReading(ports, request, row.id, { users: which.value ?? "all" });
  if (!noted.ok) return noted;
  if (which.value !== undefined && known.length === 0)
    return err(namesNothing("user", `No agent has acted for this user in ${place}.`));
  const { items, next_cursor } = pageOf(known, query.limit, ({ id }) => id);
  const ids = items.flatMap(({ agents }) => agents.map(({ agent }) => agent));
  const [names, stopped] = await Promise.all([
    agentNames(ports.db, row.id, [...new Set(ids)]),
    ports.owners.workspace(row.id).stoppedAmong(items.map(({ id }) => id)),
  ]);
  return ok({ items: items.map((each) => userView(row, each, { names, stopped })), next_cursor });
}

function userView(
  row: WorkspaceRow,
  { id, issuer, subject, email, firstSeen, lastSeen, agents }: KnownUser,
  beside: { readonly names: ReadonlyMap<string, string>; readonly stopped: readonly StoppedUser[] },
): User {
  const stop = beside.stopped.find(({ user }) => user === id);
  return {
    id,
    workspace: row.name,
    workspace_id: row.id,
    issuer,
    subject,
    email,
    first_seen: rfc3339(firstSeen),
    last_seen: rfc3339(lastSeen),
    stopped: stop === undefined ? null : { since: rfc3339(stop.stoppedAt), halt: stop.halt as HaltId },
    agents: agents.map((each) => ({
      id: each.agent as AgentId,
      name: beside.names.get(each.agent) ?? null,
      first_seen: rfc3339(each.firstSeen),
      last_seen: rfc3339(each.lastSeen),
    })),
  };
}
