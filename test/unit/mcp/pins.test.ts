/** Definitions of tools: what is pinned, and what a later difference does. */
import { describe, expect, it } from "vitest";
import { ok, type Result } from "../../../src/kernel/result.ts";
import { pinChanges } from "../../../src/mcp/pins.ts";
import {
  definitionDifferences,
  differenceInWords,
  toolDefinition,
} from "../../../src/mcp/tool-definition.ts";
import { allTools, MOST_PAGES, MOST_TOOLS } from "../../../src/mcp/tool-pages.ts";

const SCHEMA = { type: "object", properties: { q: { type: "string" } } };
const listed = (more: object = {}) => ({
  name: "search",
  description: "Searches",
  inputSchema: SCHEMA,
  ...more,
});
function defined(more: object = {}) {
  const definition = toolDefinition(listed(more));
  if (!definition.ok) throw new Error(definition.error);
  return definition.value;
}

describe("the hash of a definition", () => {
  const { hash } = defined();

  it.each([
    ["name", { name: "find" }],
    ["title", { title: "Search" }],
    ["description", { description: "Searches, and mails the result" }],
    ["inputSchema", { inputSchema: { ...SCHEMA, required: ["q"] } }],
    ["outputSchema", { outputSchema: { type: "object" } }],
    ["annotations", { annotations: { readOnlyHint: true } }],
  ])("changes with %s, because a model or a person has relied on it", (_part, more) => {
    expect(defined(more).hash).not.toBe(hash);
  });

  it("does not change with the order of members, or with what no client relies on", () => {
    const { name, description, inputSchema } = listed();
    expect(toolDefinition({ inputSchema, description, name })).toMatchObject({ value: { hash } });
    expect(defined({ _meta: { build: 7 }, execution: { taskSupport: "optional" }, icons: [] }).hash).toBe(
      hash,
    );
  });

  it("stands beside the tool as it was listed, so that lists lose no member", () => {
    expect(defined({ execution: { taskSupport: "required" } }).listed).toEqual(
      listed({ execution: { taskSupport: "required" } }),
    );
  });
});

describe("a tool that cannot be pinned", () => {
  it.each([
    ["no object", 7],
    ["no name", { inputSchema: SCHEMA }],
    ["a name with a space", listed({ name: "a b" })],
    ["a name with a letter that looks like another", listed({ name: "sеarch" })],
    ["a name that is too long", listed({ name: "a".repeat(129) })],
    ["no schema", listed({ inputSchema: undefined })],
    ["a schema that is true", listed({ inputSchema: true })],
    [
      "an invalid x-mcp-header",
      listed({ inputSchema: { properties: { a: { type: "string", "x-mcp-header": "" } } } }),
    ],
    ["more bytes than the bound", listed({ description: "x".repeat(70_000) })],
  ])("has %s", (_what, tool) => {
    expect(toolDefinition(tool).ok).toBe(false);
  });
});

describe("a difference", () => {
  it("is found where it is, and said in words", () => {
    const after = listed({
      description: "Searches, and mails the result",
      inputSchema: { type: "object", properties: { q: { type: "string" }, "to/cc": { type: "string" } } },
      annotations: { readOnlyHint: false },
    });
    expect(definitionDifferences(listed(), after).map((each) => differenceInWords(each))).toEqual([
      '/description changed from "Searches" to "Searches, and mails the result"',
      '/inputSchema/properties/to~1cc was added: {"type":"string"}',
      '/annotations was added: {"readOnlyHint":false}',
    ]);
    expect(differenceInWords({ pointer: "/title", change: "removed", before: "S" })).toBe(
      '/title was removed: "S"',
    );
  });

  it("is none between equal definitions, whatever the order of their members", () => {
    expect(
      definitionDifferences(listed(), Object.fromEntries(Object.entries(listed()).toReversed())),
    ).toEqual([]);
  });

  it("shows no control character and no mark of direction, because it is read on a terminal", () => {
    const words = differenceInWords({ pointer: "/title", change: "added", after: "a\u001B[2J\u202Eb\u009B" });
    expect(words).toBe(String.raw`/title was added: "a\u001b[2J\u202eb\u009b"`);
  });

  it("is found in steps in proportion to the size of a definition, however deep it is", () => {
    const steps = (depth: number) => {
      let reads = 0;
      const nested = (leaf: string) => {
        let schema: Record<string, unknown> = { leaf };
        for (let level = 0; level < depth; level += 1) {
          const inner = schema;
          schema = Object.defineProperty({}, "p", { enumerable: true, get: () => ((reads += 1), inner) });
        }
        return { inputSchema: schema };
      };
      expect(definitionDifferences(nested("a"), nested("b"))).toMatchObject([
        { change: "changed", before: "a", after: "b" },
      ]);
      return reads;
    };
    expect(steps(16)).toBeLessThanOrEqual(4 * 16);
    expect(steps(16 * 16)).toBeLessThanOrEqual(4 * 16 * 16);
  });

  it("is one of at most fifty, however many there are", () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_none, at) => [`p${at}`, {}]));
    expect(definitionDifferences(listed(), listed({ inputSchema: many }))).toHaveLength(50);
  });
});

describe("a listing", () => {
  const pages = (...all: readonly object[]) => {
    let asked = 0;
    const ask = (): Promise<Result<Record<string, unknown>, never>> =>
      Promise.resolve(ok({ ...all[asked++] }));
    return { ask, count: () => asked };
  };
  const tool = (name: string) => listed({ name });

  it("follows all pages, because a tool on the second one is no less a tool", async () => {
    const given: (string | null)[] = [];
    const found = await allTools((cursor) => {
      given.push(cursor);
      return Promise.resolve(
        ok<Record<string, unknown>>(
          cursor === null ? { tools: [tool("a")], nextCursor: "" } : { tools: [tool("b")] },
        ),
      );
    });
    expect(given).toEqual([null, ""]);
    expect(found).toMatchObject({ ok: true, value: { tools: [{ name: "a" }, { name: "b" }], unusable: [] } });
  });

  it.each([
    ["no list", { tools: {} }],
    ["nothing", {}],
    ["a cursor that is no text", { tools: [], nextCursor: 7 }],
  ])("is refused with %s on a page", async (_what, page) => {
    expect(await allTools(pages(page).ask)).toEqual({ ok: false, error: { kind: "malformed" } });
  });

  it("is refused when a cursor comes twice, or pages do not end", async () => {
    const same = { tools: [], nextCursor: "x" };
    expect(await allTools(pages(same, same, same).ask)).toEqual({ ok: false, error: { kind: "endless" } });
    let page = 0;
    const endless = await allTools(() => Promise.resolve(ok({ tools: [], nextCursor: `${(page += 1)}` })));
    expect(endless).toEqual({ ok: false, error: { kind: "endless" } });
    expect(page).toBe(MOST_PAGES);
  });

  it("is refused with more tools than the bound, and not cut, because half a list would quarantine the rest", async () => {
    const many = Array.from({ length: MOST_TOOLS + 1 }, (_none, at) => tool(`t${at}`));
    expect(await allTools(pages({ tools: many }).ask)).toEqual({ ok: false, error: { kind: "endless" } });
  });

  it("is refused with a page of a million entries, which no stack holds as arguments", async () => {
    const found = await allTools(pages({ tools: Array.from({ length: 1_000_000 }, () => null) }).ask);
    expect(found).toEqual({ ok: false, error: { kind: "endless" } });
  });

  it("leaves out what cannot be pinned, and says which and why", async () => {
    const found = await allTools(pages({ tools: [tool("a"), tool("b"), tool("b"), { name: "c" }, 7] }).ask);
    expect(found).toMatchObject({
      value: {
        tools: [{ name: "a" }],
        unusable: [
          { name: "b", why: "is listed twice" },
          { name: "b", why: "is listed twice" },
          { name: "c", why: "has no inputSchema" },
          { name: "#5", why: "is no object" },
        ],
      },
    });
  });
});

describe("the pins of a server that is listed again", () => {
  const [old, changed, other] = [defined(), defined({ description: "Mails" }), defined({ name: "other" })];
  const pin = (more: object = {}) => ({
    name: "search",
    state: "pinned" as const,
    why: null,
    hash: old.hash,
    pendingHash: null,
    ...more,
  });

  it("are all made at the first listing", () => {
    expect(pinChanges([], [old, other])).toEqual([
      { act: "pin", definition: old },
      { act: "pin", definition: other },
    ]);
  });

  it("stay for what is as it was", () => {
    expect(pinChanges([pin()], [old])).toEqual([{ act: "pin", definition: old }]);
  });

  it("quarantine the one operation that differs, and no other", () => {
    const pins = [pin(), pin({ name: "other", hash: other.hash })];
    expect(pinChanges(pins, [changed, other])).toEqual([
      { act: "quarantine", name: "search", why: "changed", definition: changed },
      { act: "pin", definition: other },
    ]);
  });

  it("quarantine an operation that appears later, because nobody has approved it", () => {
    expect(pinChanges([pin()], [old, other])).toContainEqual({
      act: "quarantine",
      name: "other",
      why: "new",
      definition: other,
    });
  });

  it("quarantine an operation that is gone, once", () => {
    const gone = { act: "quarantine", name: "search", why: "gone", definition: null };
    expect(pinChanges([pin()], [])).toEqual([gone]);
    expect(pinChanges([pin({ state: "quarantined", why: "gone" })], [])).toEqual([]);
  });

  it("are back as soon as the approved definition is", () => {
    expect(pinChanges([pin({ state: "quarantined", pendingHash: changed.hash })], [old])).toEqual([
      { act: "pin", definition: old },
    ]);
  });

  it("wait after their tool has moved, though the server there defines them the same: nobody has approved that server", () => {
    const moved = pin({ state: "quarantined", why: "moved", hash: null });
    const waits = { act: "quarantine", name: "search", why: "moved", definition: old };
    expect(pinChanges([moved], [old])).toEqual([waits]);
    expect(pinChanges([{ ...moved, pendingHash: old.hash }], [old])).toEqual([]);
    expect(pinChanges([moved], [])).toMatchObject([{ why: "gone" }]);
    expect(pinChanges([{ ...moved, why: "gone" }], [old])).toMatchObject([{ act: "quarantine", why: "new" }]);
  });

  it("do not change again for a difference that already waits for approval", () => {
    expect(pinChanges([pin({ state: "quarantined", pendingHash: changed.hash })], [changed])).toEqual([]);
    const never = pin({ state: "quarantined", hash: null, pendingHash: old.hash });
    expect(pinChanges([never], [old])).toEqual([]);
    expect(pinChanges([never], [changed])).toMatchObject([{ act: "quarantine", why: "new" }]);
  });
});
