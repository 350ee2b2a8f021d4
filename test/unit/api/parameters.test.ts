/** Queries and forms: what the platform's reader would change is not taken. */
import { describe, expect, it } from "vitest";
import { parametersOf } from "../../../src/api/parameters.ts";

describe("parameters", () => {
  it("are read as the URL standard says, where they mean one thing", () => {
    for (const text of ["", "a=1&b=x%20y", "a=1+2&&b=", "a==b", "%C3%A9=%F0%9F%92%BB", "a", "q=%2B%26%3D"]) {
      expect(parametersOf(text)).toEqual([...new URLSearchParams(text)]);
    }
  });

  it.each([
    ["half a character", "a=%ED%A0%80"],
    ["the other half", "a=%ED%BF%BF"],
    ["a byte that begins nothing", "a=%FF"],
    ["a character that is cut off", "a=%E2%82"],
    ["an overlong encoding", "a=%C0%AF"],
    ["a code point beyond Unicode", "a=%F4%90%80%80"],
    ["an escape of no byte", "a=%zz"],
    ["an escape at the end", "a=1%"],
    ["the same in a name", "%FF=1"],
  ])("are refused with %s: it would be read as another text", (_what, text) => {
    expect(parametersOf(text)).toBeUndefined();
  });
});
