/**
 * Lists the keys of many agents by age, end or last use, from the registry: in one workspace, or in all that the reader
 * may see. Only the agent's object knows whether a key is live at this moment: `GET /api/v1/agents/{agent}/keys`.
 */
import type { KeyQuery, ListedApiKey } from "../contract/key.ts";
import { listKeysOfAgents, MOST_KEYS_LOOKED_AT, type ListedKey } from "../credentials/key-list.ts";
import { KeyOrder } from "../credentials/key-order.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { unknownAgentFilter } from "./agent-filters.ts";
import { apiKeyOf } from "./answer/key-view.ts";
import { listCursor, placeAfter } from "./answer/list-cursor.ts";
import { questionOf } from "./answer/list-mark.ts";
import type { Page } from "./answer/page.ts";
import type { Refusal } from "./answer/refusal.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { scopeFor, stewardFor } from "./request/resolve.ts";

export async function listKeysAcross(
  ports: OperationPorts,
  request: OperatorRequest,
  query: KeyQuery,
): Promise<Result<Page<ListedApiKey>, Refusal>> {
  const { operator } = request;
  const scope = await scopeFor(ports.db, operator, query);
  if (!scope.ok) return scope;
  const question = questionOf("keys", query, scope.value);
  const after = await placeAfter(ports, question, query.cursor);
  if (!after.ok) return after;
  const whose = stewardFor(operator, query.steward);
  if (whose === null) return ok({ items: [], next_cursor: null });
  const now = ports.clock.now();
  const filter = {
    liveAt: query.live === true ? now : undefined,
    createdBefore: timeOf(query.created_before),
    endsBefore: timeOf(query.expires_before),
    owner: query.owner,
    steward: whose.steward,
    label: query.label,
  };
  const page = {
    order: new KeyOrder(query.sort),
    after: after.value,
    limit: query.limit,
    mostLookedAt: MOST_KEYS_LOOKED_AT,
  };
  const { keys, next } = await listKeysOfAgents(ports.db, scope.value, filter, page);
  if (keys.length === 0 && next === null && query.cursor === undefined) {
    const agents = { owner: query.owner, steward: query.steward, label: query.label };
    const unknown = await unknownAgentFilter(ports, request, scope.value, agents, whose.seen);
    if (unknown !== null) return err(unknown);
  }
  return ok({
    items: keys.map((key) => keyOnRecord(key, now)),
    next_cursor: next === null ? null : await listCursor(ports, question, next),
  });
}

const timeOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text);

const keyOnRecord = (key: ListedKey, now: number): ListedApiKey => ({
  ...apiKeyOf(key, now),
  agent_name: key.agentName,
  agent_state: key.agentState,
  workspace: key.workspaceName,
  steward: key.steward,
});
