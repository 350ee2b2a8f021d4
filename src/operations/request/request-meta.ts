/** Who asks for a mutation. */
import type { RequestKey } from "../../storage/idempotency.ts";

/** A person or job on the control plane, as the trail names it. */
export interface OperatorRef {
  readonly subject: string;
  readonly token: string;
}

/** What a mutation carries besides its content: who, under which key, and the records of the trail. */
export interface RequestMeta {
  readonly operator: OperatorRef;
  readonly request: RequestKey | null;
  readonly requestId: string;
}
