/**
 * Lists the end users of a workspace: those for whom its agents have acted, from the records of its ledger, and those
 * who are stopped, from the workspace's object, because a user may be stopped before the first call. Like every reading
 * of the ledger, it is recorded before the answer.
 */
import type { User } from "../contract/user.ts";
import { rfc3339, rfc3339OrNull } from "../kernel/clock.ts";
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

/** @param after the id of the last user on the previous page. */
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
  const part = { id: which.value, after, limit: query.limit };
  const [known, stopped] = await Promise.all([
    ports.ledgers.users(row.id, part),
    ports.owners.workspace(row.id).stoppedUsers(part),
  ]);
  const noted = await noteReading(ports, request, row.id, { users: which.value ?? "all" });
  if (!noted.ok) return noted;
  const found = together(known, stopped);
  if (which.value !== undefined && found.length === 0)
    return err(namesNothing("user", `No agent has acted for this user in ${place}, and no stop names it.`));
  const { items, next_cursor } = pageOf(found, query.limit, ({ id }) => id);
  const agents = items.flatMap((user) => (user.known?.agents ?? []).map(({ agent }) => agent));
  const names = await agentNames(ports.db, row.id, [...new Set(agents)]);
  return ok({ items: items.map((each) => userView(row, each, names)), next_cursor });
}

interface Found {
  readonly id: string;
  readonly known: KnownUser | undefined;
  readonly stop: StoppedUser | undefined;
}

/** Both lists are sorted by id and begin after the same id, so the first users of the merged list come next. */
function together(known: readonly KnownUser[], stopped: readonly StoppedUser[]): Found[] {
  const seen = new Map(known.map((user) => [user.id, user]));
  const stops = new Map(stopped.map((stop) => [stop.user, stop]));
  const ids = [...new Set([...seen.keys(), ...stops.keys()])].toSorted();
  return ids.map((id) => ({ id, known: seen.get(id), stop: stops.get(id) }));
}

function userView(row: WorkspaceRow, { id, known, stop }: Found, names: ReadonlyMap<string, string>): User {
  return {
    id,
    workspace: row.name,
    workspace_id: row.id,
    issuer: known?.issuer ?? null,
    subject: known?.subject ?? null,
    email: known?.email ?? null,
    first_seen: rfc3339OrNull(known?.firstSeen ?? null),
    last_seen: rfc3339OrNull(known?.lastSeen ?? null),
    stopped: stop === undefined ? null : { since: rfc3339(stop.stoppedAt), halt: stop.halt as HaltId },
    agents: (known?.agents ?? []).map((each) => ({
      id: each.agent as AgentId,
      name: names.get(each.agent) ?? null,
      first_seen: rfc3339(each.firstSeen),
      last_seen: rfc3339(each.lastSeen),
    })),
  };
}
