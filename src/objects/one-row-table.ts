/**
 * A table with at most one row: a value as JSON, in a column with the name of the table. The schema of each such table
 * enforces this with the column `one`.
 */
export class OneRowTable<Row extends object> {
  readonly #sql: SqlStorage;
  readonly #name: string;
  readonly #beside: readonly (keyof Row & string)[];

  /**
   * @param name the name of the table and of its column; a constant in the code.
   * @param beside members of the value that also have columns of their own.
   */
  constructor(sql: SqlStorage, name: string, beside: readonly (keyof Row & string)[] = []) {
    this.#sql = sql;
    this.#name = name;
    this.#beside = beside;
  }

  find(): Row | null {
    const name = this.#name;
    const [row] = this.#sql.exec<{ value: string }>(`SELECT ${name} AS value FROM ${name}`).toArray();
    return row === undefined ? null : (JSON.parse(row.value) as Row);
  }

  /** Replaces the stored value. */
  put(row: Row): void {
    const columns = ["one", this.#name, ...this.#beside];
    const values = [1, JSON.stringify(row), ...this.#beside.map((member) => row[member])];
    this.#sql.exec(
      `INSERT OR REPLACE INTO ${this.#name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
      ...values,
    );
  }

  clear(): void {
    this.#sql.exec(`DELETE FROM ${this.#name}`);
  }
}
