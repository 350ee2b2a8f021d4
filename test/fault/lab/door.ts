/** The callers of the fault run: an operator who repeats until acknowledged, and agents who ask once. */
import { randomUUID } from "node:crypto";
import type { Problem } from "../../../src/contract/problem.ts";
import { systemTimers } from "../../../src/kernel/clock.ts";
import { TEST_ADMIN_TOKEN } from "../../support/fixed-secrets.ts";

const REPEAT_AFTER_MS = 50;
const ATTEMPT_MS = 15_000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class Door {
  readonly #urls: readonly string[];
  #asked = 0;
  /** How many attempts were answered how; "none": the connection broke. */
  readonly answers = new Map<string, number>();

  /** @param urls of the isolates. Operators use the first; agents use all of them in turn. */
  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /**
   * Orders a change, again and again under one Idempotency-Key until it is acknowledged.
   * @param enough whether a success is what was wanted; if not, the same request is sent again.
   * @throws for an answer that a repeat cannot change.
   */
  async order<T>(
    method: string,
    path: string,
    body?: object,
    enough: (answer: T) => boolean = () => true,
    isolate = 0,
  ): Promise<T> {
    const key = randomUUID();
    for (;;) {
      const answer = await this.#send(isolate, method, path, TEST_ADMIN_TOKEN, body, {
        "idempotency-key": key,
      });
      if (answer !== null && answer.status < 300) {
        if (enough(answer.body as T)) return answer.body as T;
      } else if (answer !== null && !isOpen(answer))
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      await systemTimers.sleep(REPEAT_AFTER_MS);
    }
  }

  /** Reads, again and again until it is answered. */
  read<T>(path: string, isolate = 0): Promise<T> {
    return this.order<T>("GET", path, undefined, () => true, isolate);
  }

  /** One attempt of an agent; null when nothing came back. */
  ask(path: string, credential: string, body: object | URLSearchParams): Promise<Answer | null> {
    this.#asked += 1;
    return this.#send(this.#asked % this.#urls.length, "POST", path, credential, body, {});
  }

  async #send(
    isolate: number,
    method: string,
    path: string,
    credential: string,
    body: object | undefined,
    headers: Record<string, string>,
  ): Promise<Answer | null> {
    const form = body instanceof URLSearchParams;
    let outcome: Answer | null;
    try {
      const response = await fetch(`${this.#urls[isolate]}${path}`, {
        method,
        headers: {
          ...headers,
          authorization: `Bearer ${credential}`,
          ...(body === undefined || form ? {} : { "content-type": "application/json" }),
        },
        body: body === undefined ? null : form ? body : JSON.stringify(body),
        signal: AbortSignal.timeout(ATTEMPT_MS),
      });
      outcome = { status: response.status, body: await response.json() };
    } catch (fault) {
      outcome = null; // killed before the answer, or in the middle of it
      if (codeOf(fault) === "ECONNREFUSED") return null; // nobody was there
    }
    const name = String(outcome?.status ?? "none");
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
    return outcome;
  }
}

function codeOf(fault: unknown): string {
  const cause = fault instanceof Error ? fault.cause : undefined;
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}

/** Whether a repeat of the request may be answered otherwise. */
function isOpen({ status, body }: Answer): boolean {
  const { code } = body as Partial<Problem>;
  return status >= 500 || code === "request_in_progress" || code === "precondition_failed";
}
