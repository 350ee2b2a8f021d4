import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { declares, type Surface } from "../../../src/contract/agent.ts";
import { checkRequest } from "../../../src/contract/check.ts";
import {
  coveredBy,
  covers,
  itemOf,
  MAX_REFERENCE_LENGTH,
  modelReference,
  parseItem,
  parseReference,
  referenceOf,
  toolReference,
  type ResourceKind,
} from "../../../src/contract/resource.ts";
import { shellWord } from "../../../src/kernel/shell-word.ts";
import { resource } from "./resource.fixture.ts";

const KINDS: readonly ResourceKind[] = ["tool", "pool", "integration"];
const oddText = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom("a", "/", ":", "%", "2", "F", " ", "G", "{", "}", "\n", "é"),
    maxLength: 12,
  }),
);

describe("the grammar of resources", () => {
  it.each([
    ["tool", "zendesk", { name: "zendesk", part: null }],
    ["tool", "zendesk/create_ticket", { name: "zendesk", part: "create_ticket" }],
    ["tool", "crm/GET /tickets/{id}", { name: "crm", part: "GET /tickets/{id}" }],
    ["tool", "crm/GET /", { name: "crm", part: "GET /" }],
    ["pool", "premium/gpt-5:latest", { name: "premium", part: "gpt-5:latest" }],
    ["integration", "salesforce", { name: "salesforce", part: null }],
  ] as const)("%s %s is read", (kind, text, read) => {
    expect(parseReference(kind, text)).toEqual({ kind, ...read });
  });

  it.each([
    ["tool", ""],
    ["tool", "a/"],
    ["tool", "a/b/c"],
    ["tool", "a/b:c"],
    ["tool", "a/get /x"],
    ["tool", "a/GET x"],
    ["tool", "a/GET  /x"],
    ["tool", "a/GET /x?y=1"],
    ["tool", "a/GET /x'; rm"],
    ["tool", "a/b\n"],
    ["tool", "A"],
    ["tool", "../a"],
    ["tool", "a".repeat(64)],
    ["pool", "a/GET /x"],
    ["integration", "a/b"],
  ] as const)("%s %j is refused", (kind, text) => {
    expect(parseReference(kind, text)).toBeUndefined();
  });

  it("reads back what it writes, as a reference and as an item of a scope", () => {
    fc.assert(
      fc.property(resource, (each) => {
        expect(parseReference(each.kind, referenceOf(each))).toEqual(each);
        expect(parseItem(itemOf(each))).toEqual(each);
        expect(itemOf(each)).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
      }),
    );
  });

  it("reads nothing that it would write in another way, so that what means the same is equal", () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), oddText, (kind, text) => {
        const reference = parseReference(kind, text);
        const item = parseItem(`${kind}:${text}`);
        expect([text, undefined]).toContain(reference && referenceOf(reference));
        expect([`${kind}:${text}`, undefined]).toContain(item && itemOf(item));
      }),
      { numRuns: 2000 },
    );
  });

  it("is the one that requests are read by", () => {
    fc.assert(
      fc.property(oddText, (text) => {
        expect(toolReference.safeParse(text).success).toBe(parseReference("tool", text) !== undefined);
        expect(modelReference.safeParse(text).success).toBe(parseReference("pool", text) !== undefined);
      }),
    );
    const longest = `${"a".repeat(63)}/${"M".repeat(16)} /${"p".repeat(255)}`;
    expect(longest).toHaveLength(MAX_REFERENCE_LENGTH);
    expect(toolReference.safeParse(longest).success).toBe(true);
    expect(checkRequest.safeParse({ action: "tool:use", resource: longest }).success).toBe(true);
  });
});

describe("what a resource covers (P6)", () => {
  it("is itself, and a whole covers its parts", () => {
    fc.assert(
      fc.property(resource, (each) => {
        expect(covers(each, each)).toBe(true);
        expect(covers({ ...each, part: null }, each)).toBe(true);
        expect(covers(each, { ...each, part: null })).toBe(each.part === null);
      }),
    );
  });

  it("is transitive, and two that cover each other are the same", () => {
    fc.assert(
      fc.property(resource, resource, resource, (a, b, c) => {
        expect(covers(a, b) && covers(b, c) && !covers(a, c)).toBe(false);
        expect(covers(a, b) && covers(b, a)).toBe(itemOf(a) === itemOf(b));
      }),
      { numRuns: 2000 },
    );
  });

  it("is said by the references that cover it, which is how a surface is asked", () => {
    const surfaces = fc.array(resource, { maxLength: 5 });
    fc.assert(
      fc.property(surfaces, resource, (held, wanted) => {
        const of = (kind: ResourceKind) => held.filter((each) => each.kind === kind).map(referenceOf);
        const surface: Surface = { tools: of("tool"), pools: of("pool"), integrations: of("integration") };
        expect(declares(surface, wanted)).toBe(held.some((each) => covers(each, wanted)));
        expect(coveredBy(wanted)).toContain(referenceOf(wanted));
      }),
      { numRuns: 1000 },
    );
  });

  it("does not reach from one path to those below it", () => {
    const list = { kind: "tool", name: "crm", part: "GET /tickets" } as const;
    expect(covers(list, { ...list, part: "GET /tickets/{id}" })).toBe(false);
  });
});

it("is one word of a command, whatever it is", () => {
  expect(shellWord("zendesk/create_ticket")).toBe("zendesk/create_ticket");
  expect(shellWord("crm/GET /tickets/{id}")).toBe("'crm/GET /tickets/{id}'");
  fc.assert(fc.property(resource, (each) => !referenceOf(each).includes("'")));
});
