/**
 * Answers of lifecycle commands by (operator subject, Idempotency-Key), in the object that carries them out, so that a
 * stop can be repeated safely without D1 (P12). Kept seven days. Changes of configuration keep their answers in D1;
 * this table only notes that they have used the key, so that one key never serves two requests.
 */
import type { z } from "zod";
import type { RequestKey } from "../storage/idempotency.ts";
import { KEEP_MS } from "../storage/idempotency.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const ANSWER_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE answers (
     subject TEXT NOT NULL, key TEXT NOT NULL, body_digest TEXT NOT NULL, answer TEXT NOT NULL,
     created_at INTEGER NOT NULL, PRIMARY KEY (subject, key)
   ) STRICT, WITHOUT ROWID`,
  // The change that uses the key, when its answer is not here.
  `ALTER TABLE answers ADD COLUMN taken_by TEXT`,
];

export type Repeat<T> =
  | { readonly kind: "first" }
  | { readonly kind: "repeat"; readonly answer: T }
  | { readonly kind: "other_body" };

export class AnswerTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /**
   * The stored answer under this key.
   * @param schema of the answers of this operation.
   */
  find<T>(request: RequestKey, schema: z.ZodType<T>): Repeat<T> {
    const row = this.#row(request);
    if (row === undefined) return { kind: "first" };
    if (row.body_digest !== request.bodyDigest || row.taken_by !== null) return { kind: "other_body" };
    return { kind: "repeat", answer: schema.parse(JSON.parse(row.answer)) };
  }

  keep(request: RequestKey, answer: unknown, now: number): void {
    this.#insert(request, JSON.stringify(answer), null, now);
  }

  /** True when another request was made under this key. */
  isOther(request: RequestKey): boolean {
    const row = this.#row(request);
    return row !== undefined && row.body_digest !== request.bodyDigest;
  }

  /** True when this request used the key before. Its answer, if it has one, is in D1. */
  isTaken(request: RequestKey): boolean {
    const row = this.#row(request);
    return row !== undefined && row.taken_by !== null && row.body_digest === request.bodyDigest;
  }

  /** @param by the change that uses the key from now on; a repeat of the same request may be another change. */
  take(request: RequestKey, by: string, now: number): void {
    if (this.#row(request) === undefined) this.#insert(request, "null", by, now);
  }

  /** The change did not happen: its key is free again. */
  free(by: string): void {
    this.#sql.exec("DELETE FROM answers WHERE taken_by = ?", by);
  }

  #row(request: RequestKey) {
    const [row] = this.#sql
      .exec<{ body_digest: string; answer: string; taken_by: string | null }>(
        "SELECT body_digest, answer, taken_by FROM answers WHERE subject = ? AND key = ?",
        request.subject,
        request.key,
      )
      .toArray();
    return row;
  }

  #insert(request: RequestKey, answer: string, takenBy: string | null, now: number): void {
    this.#sql.exec("DELETE FROM answers WHERE created_at < ?", now - KEEP_MS);
    this.#sql.exec(
      "INSERT INTO answers (subject, key, body_digest, answer, created_at, taken_by) VALUES (?, ?, ?, ?, ?, ?)",
      request.subject,
      request.key,
      request.bodyDigest,
      answer,
      now,
      takenBy,
    );
  }
}
