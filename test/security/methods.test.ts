/** What is no route: another method is 405 with `Allow`, another path 404, and both say it as problems. */
import { describe, expect, it } from "vitest";
import { expectProblem, expectSafeHeaders, jsonOf, send, type Answer } from "./calls.fixture.ts";
import { ADMIN } from "./installation.fixture.ts";
import { DOCUMENT } from "./routes.fixture.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"];
/** The door of HTTP tools forwards HEAD, and names it (RFC 9110 §9.3.2). */
const namesHead = (path: string): boolean => path.startsWith("/tools/");
const paths = Object.entries(DOCUMENT.paths).map(
  ([path, methods]) =>
    [
      path,
      Object.keys(methods).flatMap((method) =>
        method === "get" && namesHead(path) ? ["GET", "HEAD"] : [method.toUpperCase()],
      ),
    ] as const,
);

/** `self` is also what `{agent}` and `{operator}` match: the methods of those paths are not refused, they find nothing. */
const alsoAnId = (path: string, method: string): boolean =>
  (path === "/api/v1/agents/self" && method === "PATCH") ||
  (path === "/api/v1/operators/self" && method === "DELETE");

/** In the words of each door: a problem (RFC 9457), an OAuth error (RFC 6749 §5.2), or an error of JSON-RPC 2.0. */
function saidIn(path: string, answer: Answer): unknown {
  const { status, code, error } = jsonOf(answer) as Readonly<Record<string, unknown>>;
  if (path.startsWith("/api/v1/auth/")) return error === "invalid_request" ? "method_not_allowed" : error;
  if (path.startsWith("/mcp")) return (error as { readonly data: { readonly code: string } }).data.code;
  return status === 405 ? code : status;
}

describe("another method", () => {
  it.each(paths)("on %s is 405 and names %j (RFC 9110 §15.5.6)", async (path, known) => {
    const filled = path.replaceAll(/\{\w+\}/g, "x");
    for (const method of METHODS.filter((each) => !known.includes(each) && !alsoAnId(path, each))) {
      for (const authorization of [undefined, ADMIN]) {
        const answer = await send(method, filled, { authorization });
        expect(answer.headers.get("allow")?.split(", ")).toEqual(known);
        expectSafeHeaders(answer);
        expect(saidIn(path, answer)).toEqual("method_not_allowed");
        expect(answer.status).toBe(405);
      }
    }
  });

  it.each(paths.filter(([, known]) => known.includes("GET")))("HEAD on %s has no body", async (path) => {
    const answer = await send("HEAD", path.replaceAll(/\{\w+\}/g, "x"), { authorization: ADMIN });
    expectSafeHeaders(answer);
    expect(answer.text).toBe("");
    expect(answer.status).toBeLessThan(500);
  });
});

describe("another path", () => {
  it.each(["/api/v1/auth/token/", "/api/v1/auth/authorize", "/api/v1/auth/"])(
    "%s below the OAuth endpoints is 404 in their words (RFC 6749 §5.2), because OAuth clients read no others",
    async (path) => {
      const answer = await send("POST", path, {});
      expectSafeHeaders(answer);
      expect([answer.status, jsonOf(answer)]).toMatchObject([404, { error: "invalid_request" }]);
    },
  );

  it.each([
    "/",
    "/api",
    "/api/v1",
    "/api/v1/",
    "/api/v1/agents/",
    "/api/v1/agents/x/",
    "/api/v1/agents//keys",
    "/api/v1/agents/x/y",
    "/api/v1/Agents",
    "/API/V1/agents",
    "/api/v2/agents",
    "/api/v1/agents%2fx",
    "/api/v1%2fagents",
    "//api/v1/agents",
    "/api/v1/agents;x=1",
    "/.well-known/openid-configuration",
    "/.git/config",
    "/%2e%2e/%2e%2e/etc/passwd",
    `/${"a/".repeat(2000)}`,
    `/${"%00".repeat(100)}`,
  ])("%s is 404, with a credential and without", async (path) => {
    for (const authorization of [undefined, ADMIN]) {
      for (const method of ["GET", "POST", "DELETE"]) {
        expect(expectProblem(await send(method, path, { authorization }), "not_found").status).toBe(404);
      }
    }
  });
});
