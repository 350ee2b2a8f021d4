/** Wrong input at the MCP door, from both sides: whatever a client or a server says, the failure is never Dome's. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { here, call, post, server, SECRET } from "../worker/mcp-door.fixture.ts";

const RUNS = 150;

/** What no answer may do: fail at Dome, or show a credential. */
function faultOf({ status, text }: { readonly status: number; readonly text: string }): string | null {
  if (text.includes(SECRET) || text.includes(here.bot.secret)) return "shows a credential";
  if (text.includes('"who":"dome","code":"internal"')) return "fails at Dome";
  return status >= 500 && !text.includes('"who":"upstream"') ? `is ${status} of Dome` : null;
}

const VALID = call("search", { q: "x" });
const WORDS = [
  "null",
  "[]",
  "{}",
  '"',
  "\\u0000",
  "1e999",
  "9007199254740993",
  "\uD800",
  "tools/list",
  "search",
  "\n",
];

it("answers any mutation of a message without a failure of its own", async () => {
  expect.hasAssertions();
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          at: fc.nat({ max: VALID.body.length }),
          cut: fc.nat({ max: 40 }),
          put: fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 12 })),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      async (edits) => {
        const body = edits.reduce(
          (text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut),
          VALID.body,
        );
        expect(faultOf(await post("crm", { ...VALID, body: body.toWellFormed() }))).toBeNull();
      },
    ),
    { numRuns: RUNS },
  );
});

it("answers any headers beside a message without a failure of its own, and sends nothing that they contradict", async () => {
  const names = [
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "accept",
    "content-type",
    "mcp-param-region",
  ];
  const value = fc.oneof(
    fc.constantFrom(
      "",
      "tools/call",
      "tools/list",
      "search",
      "remove",
      "2026-07-28",
      "2025-11-25",
      "=?base64?!?=",
      "*/*;q=0",
    ),
    fc.stringMatching(/^[!-~]{0,30}$/),
  );
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), value, { minKeys: 1 }), async (headers) => {
      const before = server.sent.length;
      const answered = await post("crm", VALID, headers);
      expect(faultOf(answered)).toBeNull();
      const told = server.sent
        .slice(before)
        .map((each) => [each.headers.get("mcp-method"), each.headers.get("mcp-name")]);
      expect(told.filter(([method, name]) => method !== "tools/call" || name !== "search")).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const RESULT = '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[]}}';
const TYPES = [
  "application/json",
  "text/event-stream",
  "text/event-stream; charset=x",
  "text/html",
  "application/json, x/y",
  "",
];

it("answers whatever a server says, and lies about, in the server's name", async () => {
  const part = fc.oneof(
    fc.constantFrom(
      RESULT,
      `data: ${RESULT}\n\n`,
      "data:\n\n",
      ": \n\n",
      "data: {\n\n",
      "\r\r",
      "id: 1\ndata: []\n\n",
      "[".repeat(500),
      "\u0000",
    ),
    fc.string({ maxLength: 60 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        status: fc.constantFrom(200, 200, 200, 202, 204, 302, 400, 401, 404, 418, 429, 500, 503, 599),
        type: fc.constantFrom(...TYPES),
        length: fc.option(fc.constantFrom("0", "1", "99999999999", "-1", "x")),
        encoding: fc.option(fc.constantFrom("gzip", "br", "zstd", "identity", "x")),
        parts: fc.array(part, { maxLength: 5 }),
        end: fc.constantFrom("closes", "breaks"),
      }),
      async ({ status, type, length, encoding, parts, end }) => {
        server.answer = () => {
          const left = [...parts];
          const body = new ReadableStream<Uint8Array>({
            pull: (controller) => {
              const next = left.shift();
              if (next !== undefined) controller.enqueue(bytes(next));
              else if (end === "closes") controller.close();
              else controller.error(new Error("broken"));
            },
          });
          const headers = new Headers(type === "" ? {} : { "content-type": type });
          if (length !== null) headers.set("content-length", length);
          if (encoding !== null) headers.set("content-encoding", encoding);
          return new Response(status === 204 ? null : body, { status, headers });
        };
        const answered = await post("crm", VALID);
        expect(faultOf(answered)).toBeNull();
        expect(answered.status === 200 || answered.body.id === 1).toBe(true);
        expect(answered.status).not.toBe(401);
      },
    ),
    { numRuns: RUNS },
  );
});

/** A body that goes on until nobody reads it. */
const endless = (chunk: string, type: string): Response => {
  const piece = bytes(chunk.repeat(Math.ceil(65_536 / chunk.length)));
  const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(piece) });
  return new Response(body, { headers: { "content-type": type } });
};

it.each([
  ["JSON without an end", "[", "application/json"],
  ["one event without an end", "data: x", "text/event-stream"],
  [
    "events without an end",
    'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n',
    "text/event-stream",
  ],
  ["comments without an end", ":\n\n", "text/event-stream"],
])("bounds %s", async (_what, chunk, type) => {
  server.answer = () => endless(chunk, type);
  const { text } = await post("crm", VALID);
  expect(text.slice(-400)).toContain('"who":"upstream","code":"upstream_too_large"');
});

it("refuses an answer that says that it is larger than the tier allows", async () => {
  server.answer = () =>
    new Response("{}", { headers: { "content-length": "99999999999", "content-type": "application/json" } });
  expect((await post("crm", VALID)).text).toContain('"code":"upstream_too_large"');
});
