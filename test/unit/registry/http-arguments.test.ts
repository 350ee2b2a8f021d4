import { describe, expect, it, test, vi } from "vitest";
import { gather, type CallBody, type HttpCall } from "../../../src/registry/http-arguments.ts";
import type { PinnedRequest } from "../../../src/registry/http-definition.ts";
import { openApiListing } from "../../../src/registry/openapi/document.ts";

/** Each has a sentence of its own (`expectations.test.ts`). */
const faultAt = (pointer: string, keyword: string) => ({
  pointer,
  keyword,
  expected: expect.stringMatching(/^(?:is|has|must) (?!.*undefined)/) as string,
});
const whole = { type: "integer" };
const numbers = { type: "array", items: whole };
const point = { type: "object", properties: { R: whole, G: whole } };
const parameter = (name: string, schema: object, more: object = {}) => ({
  in: "query",
  name,
  schema,
  ...more,
});

const DOCUMENT = {
  openapi: "3.1.0",
  paths: {
    "/things/{id}": {
      post: {
        operationId: "post",
        parameters: [
          { in: "path", name: "id", required: true, schema: numbers },
          { in: "header", name: "X-Levels", schema: numbers },
          { in: "header", name: "Accept", schema: {} },
          parameter("n", whole),
          parameter("on", { type: "boolean" }),
          parameter("either", { oneOf: [{ type: "string" }, whole] }),
          parameter("spread", numbers),
          parameter("commas", numbers, { explode: false }),
          parameter("spaces", numbers, { style: "spaceDelimited", explode: false }),
          parameter("pipes", numbers, { style: "pipeDelimited", explode: false }),
          parameter("deep", point, { style: "deepObject", explode: true }),
          parameter("flat", point, { explode: false }),
          parameter("open", point),
          { in: "query", name: "filter", content: { "application/json": { schema: {} } } },
          parameter("a/b", { type: "string" }),
        ],
        requestBody: {
          content: {
            "application/json": {},
            "application/x-www-form-urlencoded": {
              schema: { type: "object", properties: { n: whole, list: numbers, o: { type: "object" } } },
            },
            "multipart/form-data": {
              schema: {
                type: "object",
                properties: {
                  n: whole,
                  file: { type: "string", format: "binary" },
                  files: { type: "array", items: {} },
                },
              },
            },
            "image/*": {},
          },
        },
      },
    },
  },
};

function request(document: unknown = DOCUMENT): PinnedRequest {
  const base = "https://api.example.com";
  const listing = openApiListing(document, { base, documentUrl: base, credentialHeader: null });
  if (!listing.ok) throw new Error(listing.error);
  expect(listing.value.unusable).toEqual([]);
  const [tool] = listing.value.tools;
  if (tool === undefined) throw new Error("no operation");
  return tool.listed.request;
}

const PINNED = request();

const call = (more: Partial<HttpCall>) =>
  gather(PINNED, {
    params: { id: "1,2" },
    path: "/things/1,2",
    query: "",
    headers: new Headers(),
    body: { kind: "none" },
    additionalQuery: false,
    ...more,
  });

const query = (text: string) => {
  const { args, fault } = call({ query: text });
  return fault ?? args["query"];
};

describe("the arguments of a call", () => {
  test.each<[string, unknown]>([
    ["n=7", { n: 7 }],
    ["n=-7", { n: -7 }],
    ["n=+7", { n: " 7" }],
    ["n=%2B7", { n: "+7" }],
    ["n=07", { n: "07" }],
    ["n=7.0", { n: "7.0" }],
    ["n=9007199254740993", { n: "9007199254740993" }],
    ["on=true", { on: true }],
    ["on=TRUE", { on: "TRUE" }],
    ["either=7", { either: 7 }],
    ["either=a%20b", { either: "a b" }],
    ["spread=1&spread=2", { spread: [1, 2] }],
    ["spread=1", { spread: [1] }],
    ["spread=1%2C2", { spread: ["1,2"] }],
    ["commas=1,2", { commas: [1, 2] }],
    ["commas=1%2C2", { commas: ["1,2"] }],
    ["spaces=1%202", { spaces: [1, 2] }],
    ["spaces=1+2", { spaces: [1, 2] }],
    ["pipes=1|2", { pipes: [1, 2] }],
    ["deep[R]=1&deep[G]=2", { deep: { R: 1, G: 2 } }],
    ["deep%5BR%5D=1", { deep: { R: 1 } }],
    ["flat=R,1,G,2", { flat: { R: 1, G: 2 } }],
    ["R=1&G=2", { open: { R: 1, G: 2 } }],
    ["filter=%7B%22a%22%3A1%7D", { filter: { a: 1 } }],
    ["a%2Fb=c&&", { "a/b": "c" }],
    ["n", { n: "" }],
  ])("of the query %s are as its styles say", (text, expected) => {
    expect(query(text)).toEqual(expected);
  });

  test.each<[string, string, string]>([
    ["n=1&n=2", "/query/n", "repeated"],
    ["n=1&%6e=2", "/query/n", "repeated"],
    ["a/b=1&a%2Fb=2", "/query/a~1b", "repeated"],
    ["commas=1&commas=2", "/query/commas", "repeated"],
    ["deep[R]=1&deep[R]=2", "/query/deep/R", "repeated"],
    ["flat=R,1,R,2", "/query/flat", "repeated"],
    ["flat=R", "/query/flat", "style"],
    ["filter={", "/query/filter", "json"],
    ["filter=%7B%22a%22%3A1%2C%22a%22%3A2%7D", "/query/filter", "json"],
    ["n=%zz", "/query/n", "escape"],
    ["%zz=1", "/query", "escape"],
    ["unknown=1", "/query", "additionalProperties"],
    ["deep[B]=1", "/query", "additionalProperties"],
    ["deep=1", "/query", "additionalProperties"],
    ["N=1", "/query", "additionalProperties"],
    ["__proto__=1", "/query", "additionalProperties"],
  ])("of the query %s have no single reading", (text, pointer, keyword) => {
    expect(query(text)).toEqual(faultAt(pointer, keyword));
  });

  it("may have further parameters where the entry says so, each once", () => {
    const more = call({ query: "n=1&utm=x", additionalQuery: true });
    expect(more).toMatchObject({ fault: null, args: { query: { n: 1 }, additional_query: { utm: "x" } } });
    expect(call({ query: "utm=x&utm=y", additionalQuery: true }).fault).toEqual(
      faultAt("/additional_query", "repeated"),
    );
  });

  it("come from the path and the headers too, and from those alone that are declared", () => {
    const { args } = call({ headers: new Headers({ "x-levels": "1, 2", "x-other": "3", accept: "a/b" }) });
    expect(args).toEqual({ path: { id: [1, 2] }, query: {}, header: { "x-levels": [1, 2] } });
    expect(call({ path: "/things/1%2c2" }).fault).toEqual(faultAt("/path/id", "style"));
  });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const FORM = "application/x-www-form-urlencoded";
const form = (text: string): CallBody => ({
  kind: "bytes",
  type: FORM,
  contentType: FORM,
  bytes: bytes(text),
});
const PARTS = "multipart/form-data";
const parts = (text: string, contentType = `${PARTS}; boundary=b`): CallBody => ({
  kind: "bytes",
  type: PARTS,
  contentType,
  bytes: bytes(text),
});
const said = (body: CallBody) => {
  const { args, fault } = call({ body });
  const { path: _path, query: _query, header: _header, ...rest } = args;
  return fault ?? rest;
};
const part = (headers: string, text: string): string => `--b\r\n${headers}\r\n\r\n${text}\r\n`;
const named = (name: string, text: string, more = ""): string =>
  part(`Content-Disposition: form-data; name="${name}"${more}`, text);

describe("the body of a call", () => {
  test.each<[string, CallBody, unknown]>([
    ["JSON", { kind: "json", type: "application/json", value: { a: 1 }, length: 7 }, { body: { a: 1 } }],
    ["a form", form("n=1&list=1&list=2&o=%7B%7D&more=x"), { form: { n: 1, list: [1, 2], o: {}, more: "x" } }],
    [
      "an image",
      { kind: "stream", type: "image/png", length: 9 },
      { content: { type: "image/png", length: 9 } },
    ],
    [
      "parts",
      parts(
        `${named("n", "7")}${named("file", "%PDF", '; filename="a.pdf"\r\nContent-Type: application/pdf')}--b--\r\n`,
      ),
      {
        parts: {
          n: { type: "text/plain", size: 1, value: 7 },
          file: { type: "application/pdf", size: 4, filename: "a.pdf" },
        },
      },
    ],
    [
      "a list of parts",
      parts(`${named("files", "a", '; filename="1"')}${named("files", "bc", '; filename="2"')}--b--`),
      {
        parts: {
          files: [
            { type: "text/plain", size: 1, filename: "1" },
            { type: "text/plain", size: 2, filename: "2" },
          ],
        },
      },
    ],
  ])("is decided on as %s", (_what, body, expected) => {
    expect(said(body)).toEqual(expected);
  });

  test.each<[string, CallBody, string, string]>([
    ["a field twice", form("n=1&n=2"), "/form/n", "repeated"],
    [
      "an unknown field twice, whose name is not repeated (P4)",
      form("s3cret=1&s3cret=2"),
      "/form",
      "repeated",
    ],
    ["a `;`", form("n=1;n=2"), "/form", "escape"],
    ["a charset of its own", form("_charset_=utf-7&n=1"), "/form", "escape"],
    ["raw bytes", form("n=\u00e9"), "/form", "escape"],
    ["another type", { kind: "stream", type: "text/plain", length: 1 }, "/content/type", "contentType"],
    ["no type", { kind: "stream", type: null, length: 1 }, "/content/type", "contentType"],
    ["no boundary", parts("--b--", PARTS), "/parts", "boundary"],
    ["two boundaries", parts("--b--", `${PARTS}; boundary=b; boundary=c`), "/parts", "boundary"],
    ["text before the first part", parts(`x\r\n${named("n", "1")}--b--`), "/parts", "delimiter"],
    [
      "text after the last part",
      parts(`${named("n", "1")}--b--\r\n${named("n", "2")}--b--`),
      "/parts",
      "delimiter",
    ],
    ["no end", parts(named("n", "1")), "/parts", "delimiter"],
    ["a delimiter after a bare line feed", parts(`${named("n", "1\n--b\nx")}--b--`), "/parts", "delimiter"],
    ["a delimiter with more behind it", parts(`${named("n", "1\r\n--bc")}--b--`), "/parts", "delimiter"],
    [
      "a part without a name",
      parts(`${part("Content-Type: text/plain", "1")}--b--`),
      "/parts",
      "partHeaders",
    ],
    [
      "a part with two names",
      parts(`${named("n", "1", '\r\nContent-Disposition: form-data; name="m"')}--b--`),
      "/parts",
      "partHeaders",
    ],
    ["an escape in a name", parts(`${named('n\\"', "1")}--b--`), "/parts", "partHeaders"],
    [
      "an encoding of a part",
      parts(`${named("n", "1", "\r\nContent-Transfer-Encoding: base64")}--b--`),
      "/parts",
      "partHeaders",
    ],
    [
      "another charset of a part",
      parts(`${named("n", "1", "\r\nContent-Type: text/plain; charset=utf-7")}--b--`),
      "/parts",
      "partHeaders",
    ],
    ["a part twice", parts(`${named("n", "1")}${named("n", "2")}--b--`), "/parts/n", "repeated"],
    ["too many parts", parts(`${named("files", "1").repeat(101)}--b--`), "/parts", "tooManyParts"],
  ])("with %s has no single reading", (_what, body, pointer, keyword) => {
    expect(said(body)).toEqual(faultAt(pointer, keyword));
  });

  it("of an operation that takes none is refused", () => {
    const none = request({ openapi: "3.1.0", paths: { "/a": { get: {} } } });
    const body: CallBody = { kind: "stream", type: "text/plain", length: 1 };
    const { fault } = gather(none, {
      params: {},
      path: "/a",
      query: "",
      headers: new Headers(),
      body,
      additionalQuery: false,
    });
    expect(fault).toEqual(faultAt("/content/type", "noBody"));
  });
});

describe("a hostile call", () => {
  it("is gathered in steps in proportion to its length, however often it repeats itself", () => {
    const counted = (count: number): number => {
      const looks = vi.spyOn(Map.prototype, "get");
      call({ query: "n=1&".repeat(count) });
      call({ body: form("n=1&".repeat(count)) });
      const { length } = looks.mock.calls;
      looks.mockRestore();
      return length;
    };
    expect(counted(16_000)).toBeLessThanOrEqual(16 * counted(1_000) + 100);
  });
});
