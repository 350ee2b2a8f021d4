import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { transactionTree, type TransactionNode } from "../../../src/audit/transaction.ts";
import type { AuditEntry } from "../../../src/contract/audit.ts";
import { entry, exchanged, IDS } from "./transaction.fixture.ts";

const { A, B, C, USER, token } = IDS;

/** Each node as its id, or with its children. */
type Shape = string | readonly [string, readonly Shape[]];
const shape = (node: TransactionNode): Shape =>
  node.children.length === 0 ? node.id : [node.id, node.children.map(shape)];
const shapes = (entries: readonly AuditEntry[]) => {
  const { root, children } = transactionTree(entries);
  return [root?.id ?? null, children.map(shape)];
};

const decision = (n: number, agent: string, credential: string, over: Partial<AuditEntry> = {}): AuditEntry =>
  entry(n, "decision", {
    agent,
    decision: "allow",
    decision_id: IDS.decision(n),
    data: { credential: credential.startsWith("tok_") ? "token" : "key", credential_id: credential },
    ...over,
  });

describe("a transaction as a tree", () => {
  test("tokens hang on the token they came from, decisions on the one they were asked with", () => {
    const entries = [
      exchanged(1, { agent: A, jti: token(1), subject: null, user: true }),
      exchanged(2, { agent: B, jti: token(2), subject: token(1), user: true }),
      decision(3, B, token(2), { decision: "deny" }),
      exchanged(4, { agent: C, jti: token(3), subject: token(1), user: true }),
      decision(5, A, token(1)),
    ];
    expect(shapes(entries)).toEqual([
      USER,
      [[token(1), [[token(2), [IDS.record(3)]], token(3), IDS.record(5)]]],
    ]);
  });

  test("the root is the user wherever one is named, else the agent at the end of the longest chain", () => {
    const chain = [
      { agent: B, key: "key_b" },
      { agent: A, key: "key_a" },
    ];
    const byAgent = exchanged(1, { agent: B, jti: token(2), subject: token(1), user: false, chain });
    expect(transactionTree([byAgent]).root).toEqual({ kind: "agent", id: A });
    expect(transactionTree([byAgent, entry(2, "transaction.stopped", { user: { id: USER } })]).root).toEqual({
      kind: "user",
      id: USER,
    });
    expect(transactionTree([]).root).toBeNull();
  });

  test("what a user's agent asked without a token of its own hangs on that agent", () => {
    const asked = [1, 2].map((n) => decision(n, A, "key_1", { user: { id: USER } }));
    expect(shapes(asked)).toEqual([USER, [[A, [IDS.record(1), IDS.record(2)]]]]);
  });

  test("what the first agent asked itself hangs on the root", () => {
    expect(shapes([decision(1, A, "key_1")])).toEqual([A, [IDS.record(1)]]);
  });

  test("refused exchanges, withheld decisions and revocations hang on what they are about", () => {
    const entries = [
      exchanged(1, { agent: A, jti: token(1), subject: null, user: true }),
      decision(2, A, token(1)),
      entry(3, "decision.withheld", { agent: A, decision_id: IDS.decision(2), reason: "not_admitted" }),
      entry(4, "token.exchange_refused", {
        agent: B,
        reason: "scope_widened",
        data: { subject_jti: token(1) },
      }),
      entry(5, "token.revoked", { agent: A, target: { type: "token", id: token(1) } }),
      entry(6, "transaction.stopped"),
    ];
    expect(shapes(entries)).toEqual([
      USER,
      [[token(1), [[IDS.record(2), [IDS.record(3)]], IDS.record(4), IDS.record(5)]], IDS.record(6)],
    ]);
  });

  test("what an agent reports of itself hangs on its decision, else on the token that it came with", () => {
    const entries = [
      exchanged(1, { agent: A, jti: token(1), subject: null, user: true }),
      decision(2, A, token(1)),
      entry(3, "sdk.decision", { agent: A, decision_id: IDS.decision(2) }),
      entry(4, "sdk.custom.placed", {
        agent: A,
        data: { credential: "token", credential_id: token(1), self_reported: true },
      }),
    ];
    expect(shapes(entries)).toEqual([USER, [[token(1), [[IDS.record(2), [IDS.record(3)]], IDS.record(4)]]]]);
  });

  test("a record that came late is put where it belongs, by its own time", () => {
    const child = exchanged(2, { agent: B, jti: token(2), subject: token(1), user: true });
    const parent = exchanged(1, { agent: A, jti: token(1), subject: null, user: true });
    expect(shapes([child, parent])).toEqual([USER, [[token(1), [token(2)]]]]);
  });

  test("records that are each other's parents are all there, and end", () => {
    const entries = [
      exchanged(1, { agent: A, jti: token(1), subject: token(2), user: true }),
      exchanged(2, { agent: B, jti: token(2), subject: token(1), user: true }),
      exchanged(3, { agent: C, jti: token(3), subject: token(3), user: true }),
    ];
    expect(shapes(entries)).toEqual([USER, [[token(2), [token(1)]], token(3)]]);
  });

  test("a record with data of another form is shown all the same", () => {
    expect(shapes([entry(1, "token.exchanged", { agent: A, data: { subject_jti: 7 } })])).toEqual([
      A,
      [IDS.record(1)],
    ]);
  });

  test("whatever hangs on whatever, every record is there once", () => {
    const made = fc.array(
      fc.record({
        kind: fc.constantFrom(
          "token.exchanged",
          "decision",
          "decision.withheld",
          "token.revoked",
          "sdk.event",
        ),
        jti: fc.nat(4),
        subject: fc.nat(5),
        user: fc.boolean(),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(made, (plans) => {
        const entries = plans.map(({ kind, jti, subject, user }, n) =>
          entry(n, kind, {
            agent: [A, B, C][jti % 3] ?? A,
            target: { type: "token", id: token(jti) },
            decision_id: IDS.decision(subject),
            data: { subject_jti: token(subject), credential: "token", credential_id: token(subject) },
            ...(user ? { user: { id: USER } } : {}),
          }),
        );
        const found: string[] = [];
        const open = [...transactionTree(entries).children];
        for (let node = open.pop(); node !== undefined; node = open.pop()) {
          if (node.entry !== null) found.push(node.entry.id);
          open.push(...node.children);
        }
        expect(found.toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
      }),
    );
  });
});
