import { describe, expect, it } from "vitest";
import { contextHeadersOf } from "../../../src/access/context-headers.ts";

const NAMED = [
  { name: "x-tenant", required: true },
  { name: "x-case", required: false },
];
const of = (headers: Record<string, string>) => contextHeadersOf(NAMED, new Headers(headers));

describe("the headers that an entry names", () => {
  it("are taken, and no other one: the rest may be secret", () => {
    expect(of({ "X-Tenant": "acme", "x-case": "7 of 9", authorization: "Bearer x", "x-other": "1" })).toEqual(
      {
        ok: true,
        value: { "x-tenant": "acme", "x-case": "7 of 9" },
      },
    );
    expect(of({ "x-tenant": "acme" })).toEqual({ ok: true, value: { "x-tenant": "acme" } });
  });

  it("are missed where they are required", () => {
    expect(of({ "x-case": "7" })).toEqual({ ok: false, error: { name: "x-tenant", why: "missing" } });
  });

  it.each([
    ["is too long", "a".repeat(257)],
    ["is empty", ""],
    ["is not ASCII", "Z\u00fcrich"],
    ["has a control character", "a\tb"],
    ["has a key of Dome", `dome_at_${"A".repeat(49)}`],
    ["has a token", "Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.AAAAAAAAAAAAAAAA"],
  ])("cannot be used when the value %s (P4)", (_what, value) => {
    expect(of({ "x-tenant": value })).toEqual({ ok: false, error: { name: "x-tenant", why: "unusable" } });
    expect(of({ "x-tenant": "acme", "x-case": value })).toEqual({
      ok: false,
      error: { name: "x-case", why: "unusable" },
    });
  });

  it("are taken up to their bound", () => {
    expect(of({ "x-tenant": "a".repeat(256) })).toMatchObject({ ok: true });
  });
});
