/**
 * Creates what has no owner object yet: an agent, a workspace. It works like `change.ts`, but the request first
 * reserves its Idempotency-Key in D1, together with the id of the new object, so that a repeat never creates a second
 * one (P12).
 */
import type { z } from "zod";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Id } from "../../kernel/ids.ts";
import { isId } from "../../kernel/ids.ts";
import { releaseClaim, type Claim, type KeyOwner } from "../../storage/idempotency.ts";
import { drafts, keptAnswer, type ChangeCommand, type Changed, type Plan } from "./change.ts";
import { claim } from "./claim.ts";
import type { KeyTaker } from "../owners/workspace-owner.ts";
import { requestKey, requestMeta, type OperationPorts, type OperatorRequest } from "../request/ports.ts";
import { refusalOf, type Refusal } from "../answer/refusal.ts";

interface Creation<Kind extends "agt" | "wsp"> {
  readonly kind: Kind;
  /** The workspace or organization that the new object will belong to. */
  readonly within: KeyOwner;
  /** The registry of request keys of that owner, when the owner stores answers of its own outside D1. */
  readonly keys: KeyTaker | null;
  /** False while a change of the new object is not settled: a repeat must not be answered before the effect. */
  isClean(id: Id<Kind>): Promise<boolean>;
}

/**
 * @param schema of the answer; a stored answer is parsed by it.
 * @param plan plans the creation under the claim; `id` is the claim's.
 */
export async function create<Answer, Kind extends "agt" | "wsp">(
  ports: OperationPorts,
  request: OperatorRequest,
  creation: Creation<Kind>,
  schema: z.ZodType<Answer>,
  plan: (id: Id<Kind>, held: Claim) => Promise<Result<Plan<Answer>, Refusal>>,
): Promise<Result<Changed<Answer>, Refusal>> {
  const claimed = await claim(ports, request, creation.within, ports.ids.next(creation.kind));
  if (!claimed.ok) return claimed;
  if (claimed.value.kind === "answered") {
    const { target, body } = claimed.value;
    if (!isId(creation.kind, target)) throw new Error(`the claim of ${target} is of another kind`);
    const settled = await creation.isClean(target);
    return settled ? keptAnswer(body, schema) : err(refusalOf({ kind: "unsettled" }));
  }
  const held = claimed.value.claim;
  const sent = requestKey(request, creation.within);
  const isFree = sent === null || creation.keys === null || (await creation.keys.takeKey(sent, held.target));
  const outcome = isFree
    ? await make(ports, request, held, schema, () => plan(held.target as Id<Kind>, held))
    : err(refusalOf({ kind: "other_body" }));
  if (!outcome.ok && outcome.error.code !== "configuration_pending") {
    await releaseClaim(ports.db, held);
    if (sent !== null && isFree) await creation.keys?.freeKey(held.target);
  }
  return outcome;
}

async function make<Answer>(
  ports: OperationPorts,
  request: OperatorRequest,
  held: Claim,
  schema: z.ZodType<Answer>,
  plan: () => Promise<Result<Plan<Answer>, Refusal>>,
): Promise<Result<Changed<Answer>, Refusal>> {
  const planned = await plan();
  if (!planned.ok) return planned;
  const { answer, change } = planned.value;
  if (change === null) throw new Error("what is made is a change");
  const command: ChangeCommand = {
    change: ports.ids.next("chg"),
    meta: { ...requestMeta(request, held.owner), request: held }, // the claim is the fence of a creation
    answer: JSON.stringify(answer),
    audit: drafts(ports, request, change.audit),
  };
  const outcome = await change.send(command);
  if (!outcome.ok) return err(refusalOf(outcome.error));
  return outcome.value.kind === "done" ? ok({ answer, first: true }) : keptAnswer(outcome.value.body, schema);
}
