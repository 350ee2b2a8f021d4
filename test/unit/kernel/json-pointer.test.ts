import { describe, expect, test } from "vitest";
import { atPointer, pointerTo } from "../../../src/kernel/json-pointer.ts";

/** The document and the pointers of RFC 6901 §5. */
const DOCUMENT = {
  foo: ["bar", "baz"],
  "": 0,
  "a/b": 1,
  "c%d": 2,
  "e^f": 3,
  "g|h": 4,
  "i\\j": 5,
  'k"l': 6,
  " ": 7,
  "m~n": 8,
};

describe("a JSON Pointer (RFC 6901)", () => {
  test.each([
    ["", DOCUMENT],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
  ])("%j finds its place", (pointer, value) => {
    expect(atPointer(DOCUMENT, pointer)).toEqual(value);
  });

  test("finds nothing where nothing stands, and nothing that every object inherits", () => {
    expect(atPointer(DOCUMENT, "/foo/2")).toBeUndefined();
    expect(atPointer(DOCUMENT, "/foo/0/x")).toBeUndefined();
    expect(atPointer(DOCUMENT, "/constructor")).toBeUndefined();
  });

  test("reads back every name that it is made of, ~1 and ~01 among them", () => {
    for (const name of ["a/b", "m~n", "~1", "~01", "", "/", "~"])
      expect(atPointer({ at: { [name]: [true] } }, pointerTo(["at", name, 0]))).toBe(true);
  });
});
