import { describe, expect, it, test } from "vitest";
import { runChange, type Statement } from "../../../src/storage/change.ts";
import { isUnavailable, openDatabase, type Database } from "../../../src/storage/client.ts";

/** A database whose batch throws, or does not. */
const database = (batch: () => Promise<unknown>): Database => {
  const statement = { bind: () => statement };
  return openDatabase({ prepare: () => statement, batch } as unknown as D1Database);
};
const NO_STATEMENTS: readonly Statement[] = [];

describe("the outcome of a batch", () => {
  it("is applied when D1 says so", async () => {
    expect(
      await runChange(
        database(() => Promise.resolve([{ results: [] }])),
        NO_STATEMENTS,
      ),
    ).toEqual({
      kind: "applied",
    });
  });

  test.each([
    ["CHECK constraint failed: fence_moved: SQLITE_CONSTRAINT", "fence_moved"],
    ["CHECK constraint failed: claim_lost: SQLITE_CONSTRAINT", "claim_lost"],
    ["CHECK constraint failed: parent_cycle: SQLITE_CONSTRAINT", "parent_cycle"],
    ["dome: the name of an agent is taken: SQLITE_CONSTRAINT", "agent_name_taken"],
    ["dome: the id of an agent is taken: SQLITE_CONSTRAINT", "agent_id_taken"],
    ["dome: the name of a workspace is taken: SQLITE_CONSTRAINT", "workspace_name_taken"],
    ["UNIQUE constraint failed: catalog_tools.workspace_id, catalog_tools.name", "entry_name_taken"],
  ])(
    "with %j is a refusal by name: the batch was rolled back, and it is known why",
    async (message, rule) => {
      const direct = database(() => Promise.reject(new Error(`D1_ERROR: ${message}`)));
      expect(await runChange(direct, NO_STATEMENTS)).toEqual({ kind: "refused", rule });
      const wrapped = database(() =>
        Promise.reject(new Error("Failed query", { cause: new Error(message) })),
      );
      expect(await runChange(wrapped, NO_STATEMENTS)).toEqual({ kind: "refused", rule });
    },
  );

  test.each([
    "D1_ERROR: Network connection lost.",
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1_ERROR: UNIQUE constraint failed: idempotency.subject, idempotency.owner, idempotency.key: SQLITE_CONSTRAINT",
    "D1_ERROR: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT",
    "anything else",
  ])("with %j is unknown: nothing is said of it that nobody knows", async (message) => {
    const fault = new Error(message);
    expect(
      await runChange(
        database(() => Promise.reject(fault)),
        NO_STATEMENTS,
      ),
    ).toEqual({
      kind: "unknown",
      cause: fault,
    });
  });
});

describe("a fault", () => {
  const wrapped = (message: string): Error =>
    new Error("Failed query: select 1", { cause: new Error(message) });

  test.each([
    new Error("D1_ERROR: Network connection lost."),
    new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long."),
    wrapped("D1_ERROR: Network connection lost."),
    new Error("Failed query: select 1\nparams: "),
    Object.assign(new Error("Durable Object is overloaded."), { overloaded: true }),
    Object.assign(new Error("Durable Object reset because its code was updated."), { retryable: true }),
    Object.assign(new Error("Durable Object exceeded its memory limit and was reset."), {
      durableObjectReset: true,
    }),
    new Error("internal error; reference = m8hsrroljflsberbaq263sie"),
    new Error("internal error"),
  ])("of the platform leaves everything open: %s", (fault) => {
    expect(isUnavailable(fault)).toBe(true);
  });

  test.each([
    new Error("D1_ERROR: no such column: nonsense at offset 7: SQLITE_ERROR"),
    wrapped("D1_ERROR: UNIQUE constraint failed: agents.id: SQLITE_CONSTRAINT"),
    new TypeError("undefined is not a function"),
    Object.assign(new Error("a bug of ours"), { remote: true }),
    new Error("an internal error of ours"),
    "D1_ERROR: not even an error",
  ])("of ours is none of the platform's: %s", (fault) => {
    expect(isUnavailable(fault)).toBe(false);
  });
});
