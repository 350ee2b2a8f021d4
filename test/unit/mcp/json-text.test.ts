/** Members of JSON are changed in its text, and every other value stays as it was written. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapItems, mapMember, memberText, withMembers } from "../../../src/mcp/json-text.ts";

describe("a changed object", () => {
  it("keeps numbers that a double cannot hold, and the spelling of every other value", () => {
    const text = String.raw`{ "id" : 7, "result": {"big":12345678901234567890, "n": 1.0e2,"s":"\u0041 \"}{,"} }`;
    expect(withMembers(text, { id: '"a"' })).toBe(
      String.raw`{"id":"a","result":{"big":12345678901234567890, "n": 1.0e2,"s":"\u0041 \"}{,"}}`,
    );
  });

  it.each([
    ["{}", { a: "1" }, '{"a":1}'],
    ['{"a":1}', { a: null }, "{}"],
    ['{"a":1,"b":2}', { a: null, c: "3" }, '{"b":2,"c":3}'],
    ['{"a":1}', { b: null }, '{"a":1}'],
    [String.raw`{"\u0061":1}`, { a: "2" }, String.raw`{"\u0061":2}`],
    [' \n{"a" : [1,{"b":","}] , "c":"}"} ', { c: "0" }, '{"a":[1,{"b":","}],"c":0}'],
  ])("%s with %j is %s", (text, changes, changed) => expect(withMembers(text, changes)).toBe(changed));

  it("means the same as the changed value, for any value", () => {
    const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("__proto__"));
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => name !== "__proto__"),
          json,
        ),
        fc.string().filter((name) => name !== "__proto__"),
        json,
        fc.boolean(),
        (object, name, value, isSpaced) => {
          const text = JSON.stringify(object, null, isSpaced ? 2 : 0);
          const set = JSON.parse(withMembers(text, { [name]: JSON.stringify(value) })) as unknown;
          expect(set).toEqual(JSON.parse(JSON.stringify({ ...object, [name]: value })));
          const removed = JSON.parse(withMembers(text, { [name]: null })) as object;
          expect(Object.keys(removed)).toEqual(Object.keys(object).filter((each) => each !== name));
        },
      ),
    );
  });
});

describe("one member", () => {
  it("is its text, or nothing", () => {
    expect(memberText('{"a": {"b": 1} }', "a")).toBe('{"b": 1}');
    expect(memberText("{}", "a")).toBeUndefined();
  });

  it("is changed by its text, and only where it is", () => {
    expect(mapMember('{"a":1}', "a", (value) => `[${value}]`)).toBe('{"a":[1]}');
    expect(mapMember('{"a":1}', "a", () => null)).toBe("{}");
    expect(mapMember('{"b":1}', "a", () => "2")).toBe('{"b":1}');
  });
});

describe("the items of a list", () => {
  it("are changed where they are objects", () => {
    expect(mapItems('[{"a":1}, "x,y" ,[{}],{}]', (item) => withMembers(item, { b: "2" }))).toBe(
      '[{"a":1,"b":2},"x,y",[{}],{"b":2}]',
    );
    expect(mapItems("[ ]", (item) => item)).toBe("[]");
  });
});
