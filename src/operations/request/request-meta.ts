/** The originator of a change. */
import type { RequestKey } from "../../storage/idempotency.ts";

/** A person or a job on the control plane, as the ledger names it. */
export interface OperatorRef {
  readonly subject: string;
  readonly token: string;
}

/** The facts that accompany every change: the operator, the Idempotency-Key and the id of the request. */
export interface RequestMeta {
  readonly operator: OperatorRef;
  readonly request: RequestKey | null;
  readonly requestId: string;
}
