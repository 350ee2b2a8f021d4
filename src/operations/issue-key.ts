/**
 * Issues another key for an agent, or rotates one. With `replaces`, the old key ends after the overlap (never later
 * than its own end), or at once, with a receipt; no other key is affected.
 */
import type { Operator } from "../access/operator.ts";
import { keyCreated, type KeyCreate, type KeyCreated } from "../contract/key.ts";
import { id as idOf } from "../contract/words.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import type { HaltId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { change, changedAgent } from "./change/change.ts";
import { haltView } from "./answer/halt-view.ts";
import { lifeInTier } from "../tiers/key-life.ts";
import { nextKeyEnd } from "./rules/key-end.ts";
import { issuedKeyView, newKey } from "./change/new-key.ts";
import type { AgentOwner } from "./owners/agent-owner.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { refusalOf, type Refusal } from "./answer/refusal.ts";
import { agentFor, newestRecord } from "./request/resolve.ts";

/** The stored form of the answer. The receipt is read again for each repeat. */
const keptKey = keyCreated.extend({ halt_id: idOf("hlt").nullable() });

export async function issueKey(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined },
  body: KeyCreate,
): Promise<Result<KeyCreated, Refusal>> {
  const found = await agentFor(ports.db, request.operator, target.agent, target.workspace);
  if (!found.ok) return found;
  const { id: agent, workspaceId: workspace } = found.value;
  const object = ports.owners.agent(agent);
  let secret: string | null = null;
  const issued = await change(ports, request, changedAgent(ports, agent), keptKey, async () => {
    const live = await object.describe();
    if (live === null) return err(refusalOf({ kind: "absent" }));
    const { keys, recordVersion: basedOn } = live;
    const newest = await newestRecord(ports.db, request.operator, found.value, target.agent);
    if (!newest.ok) return newest;
    const { tier } = newest.value;
    const replaced = keys.find((known) => known.id === body.replaces) ?? null;
    if (body.replaces !== undefined && replaced === null) return err(refusalOf({ kind: "key_absent" }));
    const end = nextKeyEnd(
      request.operator,
      { tier: lifeInTier(await ports.tiers(), tier), keys, replaced },
      body.expires_at,
      ports.clock.now(),
    );
    if (!end.ok) return end;
    const made = await newKey(ports, end.value);
    ({ secret } = made);
    const { key } = made;
    const endsAt = Math.min(
      key.createdAt + body.overlap_seconds * 1000,
      replaced?.expiresAt ?? Number.POSITIVE_INFINITY,
    );
    const ended = replaced === null ? null : { id: replaced.id, ends_at: rfc3339(endsAt), halt: null };
    const halt = ports.ids.next("hlt");
    const endsNow = replaced !== null && body.overlap_seconds === 0;
    return ok({
      answer: {
        api_key: issuedKeyView(key),
        secret_shown: true,
        replaced: ended,
        halt_id: endsNow ? halt : null,
      },
      change: {
        audit: [
          {
            workspace,
            agent,
            kind: ended === null ? "key.issued" : "key.rotated",
            target: { type: "key", id: key.id },
            ...defined({
              data:
                ended === null
                  ? undefined
                  : {
                      replaces: ended.id,
                      overlap_seconds: body.overlap_seconds,
                      replaced_ends_at: ended.ends_at,
                    },
            }),
          },
        ],
        send: (command) =>
          object.issueKey({
            ...command,
            basedOn,
            key,
            replaces: replaced === null ? null : { key: replaced.id, endsAt: endsNow ? null : endsAt, halt },
          }),
      },
    });
  });
  if (!issued.ok) return issued;
  const { halt_id: halt, ...answer } = issued.value.answer;
  const shown = issued.value.first
    ? { ...answer, api_key: { ...answer.api_key, secret }, secret_shown: false }
    : answer;
  return ok(halt === null ? shown : await withHalt(request.operator, object, shown, halt));
}

/** Adds the receipt of the replaced key, which was ended at once. */
async function withHalt(
  reader: Operator,
  object: AgentOwner,
  answer: KeyCreated,
  halt: HaltId,
): Promise<KeyCreated> {
  const progress = answer.replaced === null ? null : await object.halt(halt);
  if (answer.replaced === null || progress === null) return answer;
  return { ...answer, replaced: { ...answer.replaced, halt: haltView(reader, progress) } };
}
