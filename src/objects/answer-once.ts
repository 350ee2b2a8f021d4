/**
 * Runs a command of an owner object once per Idempotency-Key: its effect, its records and its answer are one
 * transaction of the object, and the repeat gets the answer that is kept (P12). D1 has no part in it.
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
  /** Inside the transaction of a command that did something: its records want to be carried. */
  done(): void;
  /** In the turn of the commit. */
  committed(): void;
}

/**
 * Durable when it resolves.
 * @param schema of the answer, as it is read back for a repeat.
 * @param run synchronous: everything the command does.
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
