import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatScope,
  narrows,
  parseScope,
  scopeCovers,
  SURFACE,
  type Scope,
} from "../../../src/contract/scope.ts";
import type { Resource } from "../../../src/contract/resource.ts";
import { resource } from "./resource.fixture.ts";

const scope = (text: string): Scope => {
  const parsed = parseScope(text);
  if (!parsed.ok) throw new Error(parsed.error.kind);
  return parsed.value;
};

const item = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: "surface" } as const) },
  { weight: 8, arbitrary: resource },
);
const scopes: fc.Arbitrary<Scope> = fc.array(item, { minLength: 1, maxLength: 4 });

describe("the grammar of scopes", () => {
  it.each([
    ["surface", [{ kind: "surface" }]],
    ["tool:zendesk", [{ kind: "tool", name: "zendesk", part: null }]],
    ["tool:zendesk/create_ticket", [{ kind: "tool", name: "zendesk", part: "create_ticket" }]],
    ["tool:crm/GET%20%2Ftickets%2F%7Bid%7D", [{ kind: "tool", name: "crm", part: "GET /tickets/{id}" }]],
    ["pool:premium/claude-x", [{ kind: "pool", name: "premium", part: "claude-x" }]],
    ["pool:premium-reasoning", [{ kind: "pool", name: "premium-reasoning", part: null }]],
    ["integration:slack", [{ kind: "integration", name: "slack", part: null }]],
    [
      "pool:p tool:t pool:p",
      [
        { kind: "pool", name: "p", part: null },
        { kind: "tool", name: "t", part: null },
      ],
    ],
  ])("reads %s", (text, items) => {
    expect(parseScope(text)).toEqual({ ok: true, value: items });
  });

  it.each([
    ["", { kind: "empty" }],
    [" ", { kind: "unknown_item", item: "" }],
    ["surface  tool:a", { kind: "unknown_item", item: "" }],
    ["surface\ttool:a", { kind: "unknown_item", item: "surface\ttool:a" }],
    ["SURFACE", { kind: "unknown_item", item: "SURFACE" }],
    ["tool:", { kind: "unknown_item", item: "tool:" }],
    ["tool:Zendesk", { kind: "unknown_item", item: "tool:Zendesk" }],
    ["tool:a/", { kind: "unknown_item", item: "tool:a/" }],
    ["tool:a/b/c", { kind: "unknown_item", item: "tool:a/b/c" }],
    ["tool:a/%62", { kind: "unknown_item", item: "tool:a/%62" }],
    ["tool:a/%2f", { kind: "unknown_item", item: "tool:a/%2f" }],
    ["tool:a/%zz", { kind: "unknown_item", item: "tool:a/%zz" }],
    ["tool:a/*x\n", { kind: "unknown_item", item: "tool:a/*x\n" }],
    ["tool:*", { kind: "unknown_item", item: "tool:*" }],
    ["pool:a/", { kind: "unknown_item", item: "pool:a/" }],
    ["integration:a/b", { kind: "unknown_item", item: "integration:a/b" }],
    ["tool:a/%C3%A9", { kind: "unknown_item", item: "tool:a/%C3%A9" }],
    ["openid", { kind: "unknown_item", item: "openid" }],
    ["x".repeat(4097), { kind: "too_long", most: 4096 }],
  ])("refuses %j", (text, error) => {
    expect(parseScope(text)).toEqual({ ok: false, error });
  });

  it("reads back what it writes, in the characters RFC 6749 §3.3 allows", () => {
    fc.assert(
      fc.property(scopes, (items) => {
        const text = formatScope(items);
        expect(text).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/);
        expect(formatScope(scope(text))).toBe([...new Set(text.split(" "))].join(" "));
      }),
    );
  });
});

describe("what a scope covers", () => {
  const create: Resource = { kind: "tool", name: "zendesk", part: "create_ticket" };
  it.each([
    ["surface", create, true],
    ["tool:zendesk", create, true],
    ["tool:zendesk/create_ticket", create, true],
    ["tool:zendesk/create_ticket", { kind: "tool", name: "zendesk", part: null }, false],
    ["tool:zendesk/create", create, false],
    ["tool:zen", create, false],
    ["pool:zendesk", create, false],
    ["integration:zendesk", create, false],
    ["pool:p integration:i tool:zendesk", create, true],
    ["pool:p", { kind: "pool", name: "p", part: null }, true],
    ["pool:p", { kind: "pool", name: "p2", part: null }, false],
    ["pool:p", { kind: "pool", name: "p", part: "m" }, true],
    ["pool:p/m", { kind: "pool", name: "p", part: "m" }, true],
    ["pool:p/m", { kind: "pool", name: "p", part: null }, false],
    ["pool:p", { kind: "integration", name: "p", part: null }, false],
    ["integration:i", { kind: "integration", name: "i", part: null }, true],
    ["integration:i", { kind: "integration", name: "j", part: null }, false],
  ] as const)("%s on %o: %s", (text, asked, covered) => {
    expect(scopeCovers(scope(text), asked)).toBe(covered);
  });

  it("does not reach from one route to those below it", () => {
    const list = formatScope([{ kind: "tool", name: "crm", part: "GET /tickets" }]);
    expect(scopeCovers(scope(list), { kind: "tool", name: "crm", part: "GET /tickets/{id}" })).toBe(false);
  });
});

describe("a chain only narrows (P6)", () => {
  it("a narrower scope covers nothing that its parent does not", () => {
    fc.assert(
      fc.property(scopes, scopes, resource, (child, parent, asked) => {
        fc.pre(narrows(child, parent));
        expect(scopeCovers(child, asked) && !scopeCovers(parent, asked)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it("what covers something more is not narrower", () => {
    fc.assert(
      fc.property(scopes, scopes, resource, (child, parent, asked) => {
        fc.pre(scopeCovers(child, asked) && !scopeCovers(parent, asked));
        expect(narrows(child, parent)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("narrowing is reflexive and transitive, and everything narrows the surface", () => {
    fc.assert(
      fc.property(scopes, scopes, scopes, (a, b, c) => {
        expect(narrows(a, a)).toBe(true);
        expect(narrows(a, SURFACE)).toBe(true);
        expect(narrows(a, b) && narrows(b, c) && !narrows(a, c)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("a part of a scope narrows it; with anything new it does not", () => {
    expect(narrows(scope("tool:a/x"), scope("tool:a pool:p"))).toBe(true);
    expect(narrows(scope("tool:a"), scope("tool:a/x"))).toBe(false);
    expect(narrows(scope("tool:a pool:q"), scope("tool:a pool:p"))).toBe(false);
    expect(narrows(scope("surface"), scope("tool:a"))).toBe(false);
  });

  it("no scope at all is not a narrower one: it must be asked for", () => {
    expect(narrows([], SURFACE)).toBe(false);
  });
});
