/** One JSON-RPC message: every parser must read the message that Dome decided on. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { parseMessage } from "../../../src/mcp/message.ts";

const fromClient = (text: string) => parseMessage(utf8(text), "client");
const refused = (text: string) => {
  const parsed = fromClient(text);
  return parsed.ok ? null : parsed.error;
};

describe("a JSON-RPC message from a client", () => {
  it.each([
    ['"a"', "a"],
    ["0", 0],
    ['""', ""],
    ['"0"', "0"],
    ["-7", -7],
    ["9007199254740991", 9_007_199_254_740_991],
  ])("keeps type and value of the id %s, because 0 and an empty text are ids", (written, id) => {
    expect(fromClient(`{"jsonrpc":"2.0","id":${written},"method":"tools/list"}`)).toEqual({
      ok: true,
      value: { kind: "request", id, method: "tools/list", params: {} },
    });
  });

  it.each(["null", "1.5", "true", "{}", "[]"])("refuses the id %s with -32600", (id) => {
    expect(refused(`{"jsonrpc":"2.0","id":${id},"method":"tools/list"}`)).toEqual({
      code: -32_600,
      detail: "The member id must be a string or an integer.",
      id: null,
    });
  });

  it("refuses an integer that a double cannot hold, because it would be answered under another id", () => {
    expect(refused('{"jsonrpc":"2.0","id":9007199254740993,"method":"a"}')?.code).toBe(-32_600);
  });

  it("refuses a batch, because one decision is made for one message", () => {
    expect(refused('[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]')).toMatchObject({ code: -32_600 });
    expect(refused("[]")).toMatchObject({ code: -32_600 });
  });

  it("refuses a member that stands twice, because one parser takes the first and another the last", () => {
    const twice = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}';
    expect(refused(twice)).toEqual({
      code: -32_600,
      detail: "The message at /params has a member twice.",
      id: 1,
    });
    expect(refused(twice.replace('"name":"b"', String.raw`"n\u0061me":"b"`))?.code).toBe(-32_600);
    expect(refused('{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}')?.code).toBe(-32_600);
  });

  it("refuses an argument that a double cannot hold, because another number would be decided on", () => {
    const text = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"n":1e400}}}';
    expect(refused(text)?.code).toBe(-32_600);
    expect(refused('{"jsonrpc":"2.0","id":1,"method":"a","params":{"n":0.1}}')).toBeNull();
  });

  it.each(["", "{", "nothing", '{"jsonrpc":"2.0"', "{'jsonrpc':'2.0'}"])(
    "refuses %j with -32700, because it is not JSON",
    (text) => expect(refused(text)).toMatchObject({ code: -32_700, id: null }),
  );

  it("refuses bytes that are not UTF-8 with -32700", () => {
    const parsed = parseMessage(new Uint8Array([0x7b, 0xff, 0x7d]), "client");
    expect(parsed).toMatchObject({ ok: false, error: { code: -32_700 } });
  });

  it.each([
    ['{"id":1,"method":"a"}', 1],
    ['{"jsonrpc":"1.0","id":"x","method":"a"}', "x"],
    ['{"jsonrpc":"2.0","id":1}', 1],
    ['{"jsonrpc":"2.0","id":1,"method":7}', 1],
    ['{"jsonrpc":"2.0","id":1,"method":"a","params":[]}', 1],
    ['{"jsonrpc":"2.0","id":1,"method":"a","params":null}', 1],
    ['{"jsonrpc":"2.0","id":1,"method":"a","result":{}}', 1],
    ['{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}', 1],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":""}}', 1],
    ['"text"', null],
    ["null", null],
  ])("refuses %s with -32600 under its id", (text, id) => {
    expect(refused(text)).toMatchObject({ code: -32_600, id });
  });

  it("repeats nothing of the message in a refusal but short names, because it may hold a credential (P4)", () => {
    const secret = "s".repeat(60);
    const text = `{"jsonrpc":"2.0","id":1,"method":"a","params":{"${secret}":1e400}}`;
    expect(refused(text)?.detail).not.toContain(secret);
  });

  it("knows a notification by the member id that is not there", () => {
    expect(
      fromClient('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":0}}'),
    ).toEqual({
      ok: true,
      value: { kind: "notification", method: "notifications/cancelled", params: { requestId: 0 } },
    });
  });
});

const call = (members: string): string => `{"jsonrpc":"2.0","id":1,"method":"tools/call"${members}}`;

describe("names that a server in Go would read as those of the protocol (CVE-2026-27896)", () => {
  it.each([
    ["Method", '"tools/list"'],
    ["METHOD", '"tools/list"'],
    ["Params", '{"name":"other"}'],
    ["param\u017f", '{"name":"other"}'],
    ["ID", "2"],
    ["more", "1"],
  ])(
    "are refused in a message: %s, because a strict server refuses any that JSON-RPC does not name",
    (name, value) => {
      expect(refused(call(`,"params":{"name":"find"},"${name}":${value}`))).toMatchObject({
        code: -32_600,
        id: 1,
      });
    },
  );

  it.each([
    ["name", '"name":"find","Name":"other"'],
    ["name", '"NAME":"other"'],
    ["arguments", '"name":"find","Arguments":{"path":"/"}'],
    ["arguments", '"name":"find","argument\u017f":{"path":"/"}'],
    ["uri", '"uri":"a:b","URI":"c:d"'],
    ["cursor", '"Cursor":"x"'],
    ["type", '"ref":{"Type":"ref/prompt","type":"ref/resource","name":"x"}'],
    ["arguments", '"context":{"Arguments":{"a":"b"}}'],
    ["_meta", '"_Meta":{}'],
  ])("are refused in parameters, and the one that was meant is named: %s", (meant, members) => {
    expect(refused(call(`,"params":{${members}}`))).toEqual({
      code: -32_600,
      detail: `The member params has a member that differs from ${meant} only in the case of its letters.`,
      id: 1,
    });
  });

  it.each([
    '"name":"find","arguments":{"Name":"x","Arguments":1}',
    '"name":"find","_meta":{"Name":1,"progressToken":0}',
    '"name":"find","later":{"than":"today"}',
  ])("are data elsewhere: %s", (members) => {
    expect(fromClient(call(`,"params":{${members}}`)).ok).toBe(true);
  });
});

it.each(["null", "1.5", "{}", "true"])(
  "refuses the progress token %s, because a strict server refuses the message, as it refuses a session that it lost",
  (token) => {
    expect(refused(call(`,"params":{"name":"find","_meta":{"progressToken":${token}}}`))).toMatchObject({
      code: -32_600,
      id: 1,
    });
  },
);

it.each(["null", "7", "[]", '"x"'])("refuses %s as _meta, which is an object", (meta) => {
  expect(refused(call(`,"params":{"name":"find","_meta":${meta}}`))).toMatchObject({ code: -32_600, id: 1 });
});

describe("a JSON-RPC message from an upstream", () => {
  const fromUpstream = (text: string) => parseMessage(utf8(text), "upstream");

  it("may hold a number that a double cannot, because its bytes are passed on and Dome does not use it", () => {
    expect(fromUpstream('{"jsonrpc":"2.0","id":1,"result":{"n":9007199254740993}}').ok).toBe(true);
  });

  it.each(['"id":null,', "", '"id":"server-error",'])("may be an error with %s as its id", (id) => {
    const parsed = fromUpstream(`{"jsonrpc":"2.0",${id}"error":{"code":-32000,"message":"no"}}`);
    expect(parsed.ok).toBe(true);
  });

  it("is refused with a member twice, because a client may read another answer than Dome", () => {
    expect(fromUpstream('{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}').ok).toBe(false);
  });

  it("is refused as a result without an id, because nobody knows what it answers", () => {
    expect(fromUpstream('{"jsonrpc":"2.0","result":{}}').ok).toBe(false);
  });
});
