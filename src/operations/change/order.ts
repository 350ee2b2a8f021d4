/**
 * Orders of the lifecycle: stops, resumes, revocations. Not a `change.ts`: what an order commits it decides on what the
 * owner object holds at that moment, so nothing is planned before, and it works while D1 does not answer.
 */
import type { AuditDraft } from "../../contract/audit.ts";
import type { Halt } from "../../contract/halt.ts";
import { draftRecord } from "../../audit/record.ts";
import { defined } from "../../kernel/defined.ts";
import type { HaltId } from "../../kernel/ids.ts";
import type { KeyOwner } from "../../storage/idempotency.ts";
import { haltView } from "../answer/halt-view.ts";
import type { HaltProgress, HaltSource } from "../owners/halts.ts";
import type { RequestMeta } from "../request/request-meta.ts";
import { factsOf, requestMeta, type OperationPorts, type OperatorRequest } from "../request/ports.ts";
import type { ChangeRecord } from "./change.ts";

/** How long `?wait=effective` waits at most. */
const MOST_WAIT_MS = 10_000;

/** What every owner object is told of an order, besides its content. */
interface OrderCommand {
  readonly meta: RequestMeta;
  readonly reason: string | null;
  /** The id of the halt, when it comes to one. */
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

/**
 * @param owner the object that carries the order out.
 * @param record what the trail says of it; who orders it, and why, is added.
 */
export const orderCommand = (
  ports: OperationPorts,
  request: OperatorRequest,
  owner: KeyOwner,
  reason: string | null,
  record: Omit<ChangeRecord, "detail">,
): OrderCommand => ({
  meta: requestMeta(request, owner),
  reason,
  halt: ports.ids.next("hlt"),
  audit: draftRecord(ports, {
    ...record,
    ...factsOf(request),
    ...defined({ detail: reason ?? undefined }),
  }),
});

/** How far the halt that an order came to is effective; null: it came to none. */
export async function progressOf(
  source: HaltSource,
  halt: HaltId | null,
  waits: boolean,
): Promise<HaltProgress | null> {
  if (halt === null) return null;
  return waits ? source.awaitHalt(halt, MOST_WAIT_MS) : source.halt(halt);
}

/** The members of an answer that tell of its halt. */
export const effectOf = (
  { operator }: OperatorRequest,
  progress: HaltProgress | null,
): { readonly effective_in_ms: number; readonly halt: Halt | null } => ({
  effective_in_ms: progress?.effectiveInMs ?? 0,
  halt: progress === null ? null : haltView(operator, progress),
});
