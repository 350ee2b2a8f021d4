import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { afterOf, pageOf } from "../../../src/operations/answer/page.ts";

const named = (...names: readonly string[]) => names.map((name) => ({ name }));
const keyOf = ({ name }: { readonly name: string }): string => name;

describe("a page", () => {
  it("shows what fits, and points behind the last one shown when there is more", () => {
    const { items, next_cursor: cursor } = pageOf(named("a", "b", "c"), 2, keyOf);
    expect(items).toEqual(named("a", "b"));
    expect(afterOf(cursor ?? "")).toEqual({ ok: true, value: "b" });
  });

  it.each([[[]], [["a"]], [["a", "b"]]])("of %j with room for two is the last one", (names) => {
    expect(pageOf(named(...names), 2, keyOf)).toEqual({ items: named(...names), next_cursor: null });
  });

  it("leads through any list, one item after the other, each exactly once", () => {
    const lists = fc
      .uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/), { maxLength: 30 })
      .map((names) => names.toSorted());
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 7 }), (names, limit) => {
        const seen: string[] = [];
        let cursor: string | undefined;
        for (;;) {
          const after = afterOf(cursor);
          if (!after.ok) throw new Error("a cursor of ours is refused");
          const rest = names.filter((name) => after.value === undefined || name > after.value);
          const page = pageOf(named(...rest.slice(0, limit + 1)), limit, keyOf);
          seen.push(...page.items.map(keyOf));
          if (page.next_cursor === null) break;
          cursor = page.next_cursor;
        }
        expect(seen).toEqual(names);
      }),
    );
  });
});

describe("a cursor", () => {
  it("is left out for the first page", () => {
    expect(afterOf(undefined)).toEqual({ ok: true, value: undefined });
  });

  test.each(["support-triage", "agt_01k9v3m8q2x7n5r4t6w0y1z2a3"])(
    "keeps the sort key %j, and is safe in a query",
    (key) => {
      const { next_cursor: cursor } = pageOf(named(key, "x"), 1, keyOf);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(afterOf(cursor ?? "")).toEqual({ ok: true, value: key });
    },
  );

  test.each(["%", "ÿ", "_-8", "gICA", "Z3LDvMOfZQ"])(
    "%j, which no list gave out, is refused with the member",
    (cursor) => {
      expect(afterOf(cursor)).toMatchObject({
        ok: false,
        error: { code: "invalid_request", errors: [{ member: "cursor" }] },
      });
    },
  );
});
