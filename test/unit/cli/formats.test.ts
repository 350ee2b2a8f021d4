import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { json } from "../client/fake-service.ts";
import { agent } from "../client/samples.ts";
import { dome } from "./run-cli.ts";

const page = (...items: object[]) => ({ replies: [json(200, { items, next_cursor: null })] });
const list = async (format: string, ...items: object[]) =>
  (await dome(["agents", "list", "-o", format], page(...items))).stdout;

describe("-o", () => {
  test("json is --json", async () => {
    expect(await list("json", agent())).toBe(
      (await dome(["agents", "list", "--json"], page(agent()))).stdout,
    );
  });

  test("yaml says the same as JSON, and hides nothing in it", async () => {
    const hostile = agent({
      description: "no",
      contact: "a\u200b\u{E0061}\u001b[31mb\nc",
      labels: { team: "2026-11-23", on: "0x10" },
    });
    const text = await list("yaml", hostile, agent());
    expect(parseYaml(text)).toEqual([hostile, agent()]);
    expect(parseYaml(text, { version: "1.1" })).toEqual([hostile, agent()]);
    expect(text).toContain(String.raw`\u200b\U000e0061`);
    for (const unseen of ["\u001b", "\u200b", "\u{E0061}"]) expect(text).not.toContain(unseen);
  });

  test("csv is RFC 4180: a line of names, a line per item, with JSON in a cell for what is no text", async () => {
    const text = await list("csv", agent({ description: 'say "no", then go' }));
    const [names, row, end] = text.split("\r\n");
    expect(names).toMatch(/^id,name,owner,/);
    expect(row).toContain('"say ""no"", then go"');
    expect(row).toContain('"{""tools"":');
    expect(end).toBeUndefined();
    expect(row).toMatch(/\n$/);
  });

  test.each(["=1+1", "+1", "-1+2", "@SUM(A1)", "  =1", "\uff1d1"])(
    "csv makes no formula of %s: a spreadsheet would run what somebody else has written",
    async (description) => {
      expect(await list("csv", agent({ description }))).toContain(`'${description}`);
    },
  );

  test("csv keeps numbers as they are, and a line break in a value cannot begin a row", async () => {
    const text = await list("csv", agent({ record_version: 7, description: "a\r\n=cmd" }));
    expect(text).toContain(",7,");
    expect(text).toContain(String.raw`a\u000d\u000a=cmd`);
  });

  test("is one form only", async () => {
    for (const other of [["--json"], ["--quiet"]]) {
      const refused = await dome(["agents", "list", "-o", "yaml", ...other], page());
      expect([refused.exit, refused.requests]).toEqual([2, []]);
      expect(refused.stderr).toContain(`-o yaml cannot be used with ${other[0]}`);
    }
    expect((await dome(["agents", "list", "-o", "json", "--json"], page())).exit).toBe(0);
    expect((await dome(["agents", "list", "-o", "xml"], page())).stderr).toContain(
      "Allowed choices are table, wide, json, yaml, csv.",
    );
  });
});
