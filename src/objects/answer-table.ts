/**
 * Answers of lifecycle commands by (operator subject, Idempotency-Key), in the object that has the effect, so that a
 * stop never needs D1 to be repeated safely (P12). Kept seven days.
 */
import type { RequestKey } from "../storage/idempotency.ts";
import { KEEP_MS } from "../storage/idempotency.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const ANSWER_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE answers (
     subject TEXT NOT NULL, key TEXT NOT NULL, body_digest TEXT NOT NULL, answer TEXT NOT NULL,
     created_at INTEGER NOT NULL, PRIMARY KEY (subject, key)
   ) STRICT, WITHOUT ROWID`,
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

  /** @returns what was answered before under this key; the caller knows the answer's type from the operation. */
  find<T>(request: RequestKey): Repeat<T> {
    const [row] = this.#sql
      .exec<{ body_digest: string; answer: string }>(
        "SELECT body_digest, answer FROM answers WHERE subject = ? AND key = ?",
        request.subject,
        request.key,
      )
      .toArray();
    if (row === undefined) return { kind: "first" };
    if (row.body_digest !== request.bodyDigest) return { kind: "other_body" };
    return { kind: "repeat", answer: JSON.parse(row.answer) as T };
  }

  keep(request: RequestKey, answer: unknown, now: number): void {
    this.#sql.exec("DELETE FROM answers WHERE created_at < ?", now - KEEP_MS);
    this.#sql.exec(
      "INSERT INTO answers (subject, key, body_digest, answer, created_at) VALUES (?, ?, ?, ?, ?)",
      request.subject,
      request.key,
      request.bodyDigest,
      JSON.stringify(answer),
      now,
    );
  }
}
