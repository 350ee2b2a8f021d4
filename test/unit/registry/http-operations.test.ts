import { describe, expect, it } from "vitest";
import {
  matchOperation,
  operationNamed,
  operationsFault,
  routeNamed,
  segmentsOf,
} from "../../../src/registry/http-operations.ts";

const OPERATIONS = [
  "GET /",
  "GET /tickets",
  "GET /tickets/{id}",
  "DELETE /tickets/{id}",
  "GET /tickets/mine",
  "GET /tickets/{id}.json",
  "POST /tickets/{id}:cancel",
  "GET /{x}/b",
  "GET /a/{y}",
  "GET /{x}/b/c",
  "GET /tickets/{id}/comments/{comment}",
];

function match(method: string, path: string, operations: readonly string[] = OPERATIONS) {
  const segments = segmentsOf(path);
  if (!segments.ok) return segments.error;
  const routes = operations.flatMap((each) => routeNamed(each) ?? []);
  const found = matchOperation(routes, method, segments.value);
  return found === null ? null : [found.operation, found.params];
}

describe("the operation that a path means", () => {
  it.each([
    ["GET", "", ["GET /", {}]],
    ["GET", "/", ["GET /", {}]],
    ["GET", "/tickets", ["GET /tickets", {}]],
    ["GET", "/tickets/7", ["GET /tickets/{id}", { id: "7" }]],
    ["GET", "/tickets/mine", ["GET /tickets/mine", {}]],
    ["GET", "/tickets/%6dine", ["GET /tickets/mine", {}]],
    ["GET", "/tickets/a%20b", ["GET /tickets/{id}", { id: "a b" }]],
    ["GET", "/tickets/7.json", ["GET /tickets/{id}.json", { id: "7" }]],
    ["POST", "/tickets/7:cancel", ["POST /tickets/{id}:cancel", { id: "7" }]],
    ["GET", "/a/b", ["GET /a/{y}", { y: "b" }]],
    ["GET", "/q/b", ["GET /{x}/b", { x: "q" }]],
    ["GET", "/a/b/c", ["GET /{x}/b/c", { x: "a" }]],
    ["GET", "/tickets/7/comments/9", ["GET /tickets/{id}/comments/{comment}", { id: "7", comment: "9" }]],
  ])("%s %s is %j", (method, path, expected) => {
    expect(match(method, path)).toEqual(expected);
  });

  it.each([
    ["DELETE", "/tickets/mine", "the path goes before the method"],
    ["GET", "/tickets/7/", "a slash at the end is another path"],
    ["GET", "/tickets/7/comments/", "a parameter is not empty"],
    ["GET", "/nowhere", "nothing has that path"],
    ["PUT", "/tickets/7", "nothing has that method"],
  ])("%s %s is none: %s", (method, path) => {
    expect(match(method, path)).toBeNull();
  });

  it.each([
    ["/a%2Fb", "encoded_separator"],
    ["/a%2fb", "encoded_separator"],
    ["/a%5Cb", "encoded_separator"],
    ["/a%00", "control_character"],
    ["/a%0d%0ab", "control_character"],
    ["/a%zz", "bad_escape"],
    ["/a%c3", "bad_escape"],
    ["/a//b", "empty_segment"],
    ["//a", "empty_segment"],
    ["/%2e%2e/a", "dot_segment"],
    ["/a/%2E", "dot_segment"],
    ["/a;b=c", "parameters"],
    ["/a%3Bb", "parameters"],
  ])("%s is refused: servers read it differently", (path, fault) => {
    expect(match("GET", path)).toBe(fault);
  });

  it("costs at most the nodes of the trie, however often its templates overlap", () => {
    const overlapping = Array.from({ length: 12 }, (_each, at) => {
      const path = Array.from({ length: 12 }, (_segment, place) => (place === at ? "/a" : `/{p${place}}`));
      return `GET ${path.join("")}/end${at}`;
    });
    expect(operationsFault(overlapping)).toBeNull();
    expect(match("GET", `${"/a".repeat(12)}/nowhere`, overlapping)).toBeNull();
    expect(match("GET", `${"/a".repeat(12)}/end11`, overlapping)?.[0]).toBe(overlapping[11]);
  });

  it("without a list is named by its path in one spelling", () => {
    const named = (path: string): string => {
      const segments = segmentsOf(path);
      return segments.ok ? operationNamed("GET", segments.value) : segments.error;
    };
    expect(named("/%61dmin/a%20b/")).toBe("GET /admin/a%20b/");
    expect(named("/%7Bid%7D")).toBe("GET /%7Bid%7D");
    expect(named("/caf%c3%a9")).toBe("GET /caf%C3%A9");
  });
});

describe("the operations of an HTTP tool", () => {
  it.each([
    ["create_ticket", /must be GET/],
    ["HEAD /a", /decided as GET/],
    ["TRACE /a", /must be GET/],
    ["GET /a//b", /empty segment/],
    ["GET /%61", /needless escapes/],
    ["GET /{a}-{b}", /one \{parameter\}/],
    ["GET /{a}/{a}", /twice/],
    ["GET /a{", /one \{parameter\}/],
  ])("are refused with %s", (operation, why) => {
    expect(operationsFault(["GET /fine", operation])).toMatchObject({
      operation,
      detail: expect.stringMatching(why) as string,
    });
  });

  it("are refused where two match the same paths under other names", () => {
    expect(operationsFault(["GET /a/{x}", "GET /a/{y}"])).toEqual({
      operation: "GET /a/{y}",
      detail: "matches the same paths as GET /a/{x}",
    });
    expect(operationsFault(["GET /a/{x}", "POST /a/{y}", "GET /a/{y}/b"])).toBeNull();
  });
});
