/**
 * The keys of many agents, by age, end or last use, as the registry has them: of one workspace by name, or of all that the reader
 * sees. Whether one of them is live this moment is the word of its agent's object: `GET /api/v1/agents/{agent}/keys`.
 */
import type { KeyQuery, ListedApiKey } from "../contract/key.ts";
import {
  listKeysOfAgents,
  MOST_KEYS_LOOKED_AT,
  type KeysWhere,
  type ListedKey,
} from "../credentials/key-list.ts";
import { KeyOrder } from "../credentials/key-order.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { unknownAgentFilter } from "./agent-filters.ts";
import { listCursor, placeAfter } from "./answer/list-cursor.ts";
import type { Page } from "./answer/page.ts";
import { memberRefusal, type Refusal } from "./answer/refusal.ts";
import { keyStateOf } from "./list-keys.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { workspaceFor } from "./request/resolve.ts";

export async function listKeysAcross(
  ports: OperationPorts,
  request: OperatorRequest,
  query: KeyQuery,
): Promise<Result<Page<ListedApiKey>, Refusal>> {
  const { operator } = request;
  const where = await whereFor(ports, request, query);
  if (!where.ok) return where;
  const question = questionOf(query, where.value);
  const after = await placeAfter(ports, question, query.cursor);
  if (!after.ok) return after;
  const steward = operator.role === "developer" ? operator.subject : query.steward;
  // Somebody else's keys are not there for a developer, as little as those of a steward that has none (P11).
  if (query.steward !== undefined && query.steward !== steward) return ok({ items: [], next_cursor: null });
  const now = ports.clock.now();
  const filter = {
    liveAt: query.live === true ? now : undefined,
    createdBefore: timeOf(query.created_before),
    endsBefore: timeOf(query.expires_before),
    owner: query.owner,
    steward,
    label: query.label,
  };
  const page = {
    order: new KeyOrder(query.sort),
    after: after.value,
    limit: query.limit,
    mostLookedAt: MOST_KEYS_LOOKED_AT,
  };
  const { keys, next } = await listKeysOfAgents(ports.db, where.value, filter, page);
  if (keys.length === 0 && next === null && query.cursor === undefined) {
    const within = operator.role === "developer" ? { steward } : {};
    const agents = { owner: query.owner, steward: query.steward, label: query.label };
    const unknown = await unknownAgentFilter(ports, request, where.value, agents, within);
    if (unknown !== null) return err(unknown);
  }
  return ok({
    items: keys.map((key) => keyOnRecord(key, now)),
    next_cursor: next === null ? null : await listCursor(ports, question, next),
  });
}

const timeOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text);

/** The same list, however it was asked for: the order of labels and how long a page is are nothing to it. */
const questionOf = ({ limit: _limit, cursor: _cursor, label, ...asked }: KeyQuery, where: KeysWhere) => ({
  ...asked,
  list: "keys",
  workspace: "workspace" in where ? where.workspace : undefined,
  label: label?.toSorted(),
});

async function whereFor(
  { db }: OperationPorts,
  { operator }: OperatorRequest,
  query: KeyQuery,
): Promise<Result<KeysWhere, Refusal>> {
  if (query.all_workspaces !== true) {
    const home = await workspaceFor(db, operator, query.workspace);
    return home.ok ? ok({ workspace: home.value.id }) : home;
  }
  return query.workspace === undefined
    ? ok({ visible: operator.workspaces })
    : err(memberRefusal("invalid_request", "workspace", "It does not go with all_workspaces."));
}

function keyOnRecord(key: ListedKey, now: number): ListedApiKey {
  const time = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms));
  return {
    id: key.id,
    agent: key.agentId,
    agent_name: key.agentName,
    agent_state: key.agentState,
    workspace: key.workspaceName,
    steward: key.steward,
    last4: key.last4,
    state: keyStateOf(key, now),
    created_at: rfc3339(key.createdAt),
    expires_at: time(key.expiresAt),
    revoked_at: time(key.revokedAt),
    last_used_at: time(key.lastUsedAt),
  };
}
