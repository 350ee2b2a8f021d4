/** The latest changes of a workspace's catalog, by entry, with the configuration epoch of each. */
import type { EntryName } from "../registry/catalog.ts";
import type { SchemaStep } from "./schema-steps.ts";

/** Older changes are deleted. An agent that was not told of one finds the epoch in the state of its next stream. */
const MOST_CHANGES = 500;

export const CATALOG_CHANGE_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE catalog_changes (
     kind TEXT NOT NULL, name TEXT NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (kind, name)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX catalog_changes_by_epoch ON catalog_changes (epoch)`,
];

export class CatalogChanges {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  note({ kind, name }: EntryName, epoch: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO catalog_changes (kind, name, epoch) VALUES (?, ?, ?)",
      kind,
      name,
      epoch,
    );
    this.#sql.exec(
      `DELETE FROM catalog_changes WHERE epoch <=
         (SELECT epoch FROM catalog_changes ORDER BY epoch DESC LIMIT 1 OFFSET ${MOST_CHANGES})`,
    );
  }

  /** The epoch of the newest change; 0 when there is none. */
  last(): number {
    return this.#sql
      .exec<{ last: number }>("SELECT coalesce(max(epoch), 0) AS last FROM catalog_changes")
      .one().last;
  }

  /** The entries that changed after an epoch. */
  since(epoch: number): EntryName[] {
    return this.#sql
      .exec<{ kind: EntryName["kind"]; name: string }>(
        "SELECT kind, name FROM catalog_changes WHERE epoch > ?",
        epoch,
      )
      .toArray();
  }
}
