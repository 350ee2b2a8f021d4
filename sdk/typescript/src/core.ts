/** What a client and its scoped clients have in common. */
import type { Decision } from "./decision.ts";
import type { CheckRequest } from "./check.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Ports } from "./ports.ts";
import type { Transport } from "./transport.ts";

export interface Core {
  readonly baseUrl: URL;
  readonly transport: Transport;
  readonly ports: Ports;
  readonly lifecycle: Lifecycle;
  /** Aborts when the client is closed: nothing that was asked before is waited for. */
  readonly closing: AbortSignal;
  /** Throw where a question could not be asked, instead of denying. */
  readonly raiseOnError: boolean;
  /** Told each deny that this package made by itself. */
  readonly onLocalDeny: (request: CheckRequest, decision: Decision) => void;
}
