/**
 * Runs a command of an owner object once per Idempotency-Key: its effect, its records and its answer are one
 * transaction of the object, and a repeat gets the stored answer (P12). D1 is not involved.
 */
import type { z } from "zod";
import type { Clock } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type { RequestKey } from "../storage/idempotency.ts";
import type { AnswerTable } from "./answer-table.ts";

interface OnceDeps {
  readonly storage: DurableObjectStorage;
  readonly clock: Clock;
  readonly answers: AnswerTable;
  /** Called inside the transaction of a command that had an effect: its records need to be delivered. */
  done(): void;
  /** Called in the turn of the commit. */
  committed(): void;
}

/**
 * Durable when it resolves.
 * @param schema of the answer, for reading it back for a repeat.
 * @param run the whole command, synchronous.
 */
export async function answerOnce<T>(
  { storage, clock, answers, done, committed }: OnceDeps,
  request: RequestKey | null,
  schema: z.ZodType<T>,
  run: () => Result<T, OwnerRefusal>,
): Promise<Result<T, OwnerRefusal>> {
  const outcome = storage.transactionSync((): Result<T, OwnerRefusal> => {
    const repeat = request === null ? ({ kind: "first" } as const) : answers.find(request, schema);
    if (repeat.kind === "other_body") return err({ kind: "other_body" });
    if (repeat.kind === "repeat") return ok(repeat.answer);
    const result = run();
    if (!result.ok) return result;
    if (request !== null) answers.keep(request, result.value, clock.now());
    done();
    return result;
  });
  committed();
  await storage.sync();
  return outcome;
}
