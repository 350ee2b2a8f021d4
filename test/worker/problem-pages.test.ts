/** The `type` of a problem is an address, and something is there (RFC 9457 §3.1.1). */
import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../../src/contract/problem-codes.ts";
import { expectProblem, expectSafeHeaders, jsonOf, send } from "../security/calls.fixture.ts";

describe("the page of a problem", () => {
  it.each(Object.entries(PROBLEMS))("%s is there for anybody, as text", async (code, { title }) => {
    const page = await send("GET", `/problems/${code}`);
    expectSafeHeaders(page);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toBe("default-src 'none'");
    expect(page.text).toContain(code);
    expect(page.text).toContain(`<h1>${title}</h1>`);
  });

  it("is where the type of a problem leads", async () => {
    const { type } = jsonOf(await send("GET", "/api/v1/nothing")) as { type: string };
    expect((await send("GET", type)).status).toBe(200);
  });

  it.each(["nothing", "__proto__", "constructor", "Not_Found", "not_found/", "<script>"])(
    "%s is not there, and nothing of the path is repeated",
    async (code) => {
      const answer = await send("GET", `/problems/${encodeURI(code)}`);
      expectProblem(answer, "not_found");
      expect(answer.text).not.toContain("script");
    },
  );
});
