/**
 * Orders of the lifecycle: stops, resumes, revocations. Unlike a change of configuration, an order is decided by the
 * owner object on the state that it holds at that moment. So there is no plan, and an order works while D1 does not
 * answer.
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

/** The longest wait of `?wait=effective`, in milliseconds. */
const MOST_WAIT_MS = 10_000;

/** The part of an order that is the same for every owner object. */
interface OrderCommand {
  readonly meta: RequestMeta;
  readonly reason: string | null;
  /** The id for the halt, if the order causes one. */
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

/**
 * @param owner the object that carries the order out.
 * @param record the audit record; the operator and the reason are added.
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

/** The progress of the halt that an order caused; null when it caused none. */
export async function progressOf(
  source: HaltSource,
  halt: HaltId | null,
  waits: boolean,
): Promise<HaltProgress | null> {
  if (halt === null) return null;
  return waits ? source.awaitHalt(halt, MOST_WAIT_MS) : source.halt(halt);
}

/** The members of an answer that describe its halt. */
export const effectOf = (
  { operator }: OperatorRequest,
  progress: HaltProgress | null,
): { readonly effective_in_ms: number; readonly halt: Halt | null } => ({
  effective_in_ms: progress?.effectiveInMs ?? 0,
  halt: progress === null ? null : haltView(operator, progress),
});
