/** What stops a governed function or request: thrown where there is no answer to return a deny in. */
import type { Decision } from "./decision.ts";
import { DomeError, type Change } from "./errors.ts";

/** It was not allowed, so it was not done. `code` is the reason. */
export class DeniedError extends DomeError {
  override readonly name = "DeniedError";
  override readonly decisionId: string | null;
  override readonly requestId: string | null;
  override readonly change: Change | null;
  /** The deny, with its reason. */
  readonly decision: Decision;

  constructor(decision: Decision) {
    super(decision.reason, decision.detail);
    this.decision = decision;
    this.decisionId = decision.decisionId;
    this.requestId = decision.requestId;
    this.change = decision.change;
  }
}

/** The agent was stopped while this ran: what it did so far is done, what it returns is not used. */
export class StoppedError extends DomeError {
  override readonly name = "StoppedError";
  constructor(message = "the agent was stopped while this ran") {
    super("stopped", message);
  }
}
