/** The page on schemas of arguments lists the formats that the code checks, and no others. */
import { expect, it } from "vitest";
import { FORMATS } from "../../../src/registry/formats.ts";
import { bare, read, rowsOf } from "./markdown.ts";

it("lists every format once, in the order of the code", () => {
  const rows = rowsOf(read("docs/argument-schemas.md"), "format", "specification").map(([format]) =>
    bare(format),
  );
  expect(rows).toEqual([...FORMATS.keys()]);
});
