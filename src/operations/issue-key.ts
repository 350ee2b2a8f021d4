/**
 * Issue and rotate: another key for an agent. With `replaces` the old key ends after the overlap, or now, with a
 * receipt; no other key is touched.
 */
import { keyCreated, type KeyCreate, type KeyCreated } from "../contract/key.ts";
import { draftRecord } from "../audit/record.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { agentFor } from "./resolve.ts";
import { haltView } from "./halt-view.ts";
import { newKey } from "./new-key.ts";
import type { AgentOwner } from "./agent-owner.ts";
import type { Configured } from "./owner-answer.ts";
import { factsOf, requestKey, requestMeta, type OperationPorts, type OperatorRequest } from "./ports.ts";
import { memberRefusal, refusalOf, type Refusal } from "./refusal.ts";

export async function issueKey(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined },
  body: KeyCreate,
): Promise<Result<KeyCreated, Refusal>> {
  const found = await agentFor(ports.db, request.operator, target.agent, target.workspace);
  if (!found.ok) return found;
  const { id, workspaceId } = found.value;
  const object = ports.owners.agent(id);
  const earlier = await object.repeated(requestKey(request, id));
  if (earlier !== null) return answered(object, earlier);
  if (body.expires_at !== null && Date.parse(body.expires_at) <= ports.clock.now()) {
    return err(memberRefusal("invalid_request", "expires_at", "The end date is in the past."));
  }
  const { secret, key } = await newKey(ports, body.expires_at);
  const overlapMs = body.overlap_seconds * 1000;
  const halt = ports.ids.next("hlt");
  const answer: KeyCreated = {
    api_key: { id: key.id, secret: null, expires_at: key.expiresAt === null ? null : rfc3339(key.expiresAt) },
    secret_shown: true,
    replaced:
      body.replaces === undefined
        ? null
        : { id: body.replaces, ends_at: rfc3339(key.createdAt + overlapMs), halt: null },
  };
  const outcome = await object.issueKey({
    change: ports.ids.next("chg"),
    meta: requestMeta(request, id),
    key,
    replaces: body.replaces === undefined ? null : { key: body.replaces, overlapMs, halt },
    answer: JSON.stringify({
      ...answer,
      halt_id: overlapMs === 0 && body.replaces !== undefined ? halt : null,
    }),
    audit: [
      draftRecord(ports, {
        workspace: workspaceId,
        agent: id,
        kind: body.replaces === undefined ? "key.issued" : "key.rotated",
        target: { type: "key", id: key.id },
        ...factsOf(request),
        ...(body.replaces === undefined
          ? {}
          : { data: { replaces: body.replaces, overlap_seconds: body.overlap_seconds } }),
      }),
    ],
  });
  if (!outcome.ok || outcome.value.kind === "repeated") return answered(object, outcome);
  const shown: KeyCreated = { ...answer, api_key: { ...answer.api_key, secret }, secret_shown: false };
  return ok(overlapMs === 0 ? await withHalt(object, shown, halt) : shown);
}

/** What an earlier request under the same key was answered: the same key, its secret no more. */
async function answered(object: AgentOwner, outcome: Configured): Promise<Result<KeyCreated, Refusal>> {
  if (!outcome.ok) return err(refusalOf(outcome.error));
  if (outcome.value.kind === "done") throw new Error("a change that is done answers by itself");
  const { halt_id: halt, ...stored } = JSON.parse(outcome.value.body) as { halt_id: string | null };
  const answer = keyCreated.parse(stored);
  return ok(halt === null ? answer : await withHalt(object, answer, halt));
}

/** The receipt of the replaced key, if it was ended at once. */
async function withHalt(object: AgentOwner, answer: KeyCreated, halt: string): Promise<KeyCreated> {
  const progress = answer.replaced === null ? null : await object.halt(halt);
  if (answer.replaced === null || progress === null) return answer;
  return { ...answer, replaced: { ...answer.replaced, halt: haltView(progress) } };
}
