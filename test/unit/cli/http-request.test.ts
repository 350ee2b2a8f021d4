/** `dome call` builds the request from which the door gathers the same arguments. */
import { describe, expect, it, test } from "vitest";
import { pinnedRequest } from "../../../src/contract/pinned-request.ts";
import { buildRequest, undescribedRequest, type CallArguments } from "../../../src/cli/http-request.ts";
import { gather } from "../../../src/registry/http-arguments.ts";
import { matchOperation, segmentsOf } from "../../../src/registry/http-operations.ts";
import { openApiListing } from "../../../src/registry/openapi/document.ts";

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
    "/things/{id}/of/{kinds}": {
      post: {
        operationId: "post",
        parameters: [
          { in: "path", name: "id", required: true, schema: { type: "string" } },
          { in: "path", name: "kinds", required: true, schema: numbers },
          { in: "header", name: "X-Levels", schema: numbers },
          parameter("q", { type: "string" }),
          parameter("spread", numbers),
          parameter("commas", numbers, { explode: false }),
          parameter("spaces", numbers, { style: "spaceDelimited", explode: false }),
          parameter("pipes", numbers, { style: "pipeDelimited", explode: false }),
          parameter("deep", point, { style: "deepObject", explode: true }),
          parameter("flat", point, { explode: false }),
          { in: "query", name: "filter", content: { "application/json": { schema: {} } } },
        ],
        requestBody: {
          content: {
            "application/vnd.api+json": {},
            "application/x-www-form-urlencoded": {
              schema: { type: "object", properties: { n: whole, list: numbers } },
            },
            "multipart/form-data": { schema: { type: "object", properties: { n: whole } } },
          },
        },
      },
    },
  },
};
const base = "https://api.example.com";
const listing = openApiListing(DOCUMENT, { base, documentUrl: base, credentialHeader: null });
const PINNED = listing.ok ? listing.value.tools[0]?.listed.request : undefined;
const REQUEST = pinnedRequest.parse(PINNED);
const PATH = { id: "a b&c,d", kinds: [1, 2] };

async function gathered(args: CallArguments): Promise<unknown> {
  if (PINNED === undefined) throw new Error("no operation");
  const built = buildRequest(REQUEST, args);
  const url = new URL(`${base}${built.path}`);
  const sent = new Request(url, { method: "POST", headers: built.headers, body: built.body });
  const type = (sent.headers.get("content-type") ?? "").split(";", 1)[0] ?? "";
  const bytes = new Uint8Array(await sent.arrayBuffer());
  const segments = segmentsOf(url.pathname);
  if (!segments.ok) return segments.error;
  const matched = matchOperation(
    [{ operation: "post", method: "POST", path: REQUEST.path }],
    "POST",
    segments.value,
  );
  const { args: found, fault } = gather(PINNED, {
    params: matched?.params ?? {},
    path: url.pathname,
    query: url.search.slice(1),
    headers: sent.headers,
    body:
      built.body === null
        ? { kind: "none" }
        : type.endsWith("json")
          ? {
              kind: "json",
              type,
              value: JSON.parse(new TextDecoder().decode(bytes)) as unknown,
              length: bytes.length,
            }
          : { kind: "bytes", type, contentType: sent.headers.get("content-type") ?? "", bytes },
    additionalQuery: false,
  });
  return fault ?? found;
}

describe("the request of dome call", () => {
  test.each<[string, CallArguments, object]>([
    ["nothing but its path", {}, {}],
    ["text with signs", { query: { q: "a b&c=d+e%" } }, {}],
    [
      "lists in every style",
      { query: { spread: [1, 2], commas: [1, 2], spaces: [1, 2], pipes: [1, 2] } },
      {},
    ],
    ["objects", { query: { deep: { R: 1, G: 2 }, flat: { R: 1, G: 2 }, filter: { a: [1] } } }, {}],
    ["a header", { header: { "x-levels": [1, 2] } }, {}],
    ["JSON", { body: { a: [1, null] } }, {}],
    ["a form", { form: { n: 1, list: [1, 2] } }, {}],
    ["parts", { parts: { n: 7 } }, { parts: { n: { type: "text/plain", size: 1, value: 7 } } }],
  ])("has %s where the door looks for it", async (_what, args, differently) => {
    const { kinds } = PATH;
    const asked = { ...args, path: { id: "a b&c", kinds } };
    expect(await gathered(asked)).toEqual({ query: {}, header: {}, ...asked, ...differently });
  });

  test.each<[string, CallArguments, RegExp]>([
    ["without a parameter of its path", { path: { id: "a" } }, /needs a value for kinds/],
    ["with one that its path does not have", { path: { ...PATH, more: 1 } }, /no parameter more/],
    ["with dots for a parameter", { path: { ...PATH, id: ".." } }, /is no value/],
    ["with an unknown member", { path: PATH, id: 7 }, /a member "id"/],
    ["with two bodies", { path: PATH, body: {}, form: {} }, /one body/],
    ["with a query that is a list", { path: PATH, query: [] as unknown as object }, /must be an object/],
  ])("is not built %s", (_what, args, said) => {
    expect(() => buildRequest(REQUEST, args)).toThrow(said);
  });

  it("of an operation that no document describes follows its name", () => {
    const request = undescribedRequest("POST /tickets/{id}");
    if (request === null) throw new Error("no request");
    expect(buildRequest(request, { path: { id: 7 }, query: { a: 1 }, body: { b: 2 } })).toEqual({
      method: "POST",
      path: "/tickets/7?a=1",
      headers: { "content-type": "application/json" },
      body: '{"b":2}',
    });
    expect(undescribedRequest("getTicket")).toBeNull();
  });
});
