/** Denies that this package makes by itself are reported: the service has not seen them. Repeats are counted, not sent. */
import type { AuditReports } from "./audit-reports.ts";
import type { CheckRequest } from "./check.ts";
import type { Decision } from "./decision.ts";
import type { Ports } from "./ports.ts";

/** For how long the same deny of the same subject is only counted, in milliseconds. */
const QUIET_MS = 60_000;
/** The most subjects that are told apart. */
const MOST = 100;

interface Told {
  readonly at: number;
  repeats: number;
}

export class LocalDenies {
  readonly #clock: Ports["clock"];
  readonly #audit: AuditReports;
  readonly #onError: (fault: unknown) => void;
  readonly #told = new Map<string, Told>();

  constructor(clock: Ports["clock"], audit: AuditReports, onError: (fault: unknown) => void) {
    this.#clock = clock;
    this.#audit = audit;
    this.#onError = onError;
  }

  report(request: CheckRequest, { reason, detail }: Decision): void {
    if (reason === "closed" || reason === "invalid_request") return;
    const { tool, model, integration } = request;
    const key = JSON.stringify([reason, tool, model, integration]);
    const now = this.#clock.monotonic();
    const told = this.#told.get(key);
    if (told !== undefined && now - told.at < QUIET_MS) {
      told.repeats += 1;
      return;
    }
    if (told === undefined && this.#told.size >= MOST) this.#told.clear();
    this.#told.set(key, { at: now, repeats: 0 });
    const data = { decision: "deny", reason, ...(told === undefined ? {} : { repeats: told.repeats }) };
    try {
      this.#audit.emit("sdk.decision", data, { detail: detail.slice(0, 500), tool, model, integration });
    } catch (fault) {
      this.#onError(fault); // a name that no tool has
    }
  }
}
