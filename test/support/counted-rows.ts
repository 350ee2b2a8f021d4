/**
 * A database that counts the rows that its statements read. Each of them runs twice, because only `all` tells: they must be
 * readings.
 */
export function countedRows(original: D1Database): {
  readonly database: D1Database;
  /** So many were read since it was asked before. */
  readonly rowsRead: () => number;
} {
  let rows = 0;
  const counted = (statement: D1PreparedStatement): D1PreparedStatement => {
    const count = async (): Promise<void> => {
      rows += (await statement.all()).meta.rows_read;
    };
    const made: Pick<D1PreparedStatement, "bind" | "all" | "raw"> = {
      bind: (...values: unknown[]) => counted(statement.bind(...values)),
      all: async () => {
        await count();
        return statement.all();
      },
      raw: (async () => {
        await count();
        return statement.raw();
      }) as D1PreparedStatement["raw"],
    };
    return made as D1PreparedStatement;
  };
  const database: Pick<D1Database, "prepare"> = { prepare: (query) => counted(original.prepare(query)) };
  return {
    database: database as D1Database,
    rowsRead: () => {
      const read = rows;
      rows = 0;
      return read;
    },
  };
}
