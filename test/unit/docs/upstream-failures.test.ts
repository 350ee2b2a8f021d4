/** The page about failing servers states the limits that the code has. */
import { expect, it } from "vitest";
import { HTTP_HEADERS_MS, HTTP_SILENCE_MS } from "../../../src/gateway/http/call-http.ts";
import { MCP_HEADERS_MS, MCP_SILENCE_MS } from "../../../src/gateway/mcp/call-server.ts";
import { MOST_CALLS } from "../../../src/contract/upstream.ts";
import { FIRST_OPEN_MS, MOST_FAILURES, MOST_OPEN_MS } from "../../../src/gateway/upstream/circuit.ts";
import { LONGEST_PAUSE_MS } from "../../../src/gateway/upstream/repeat.ts";
import { bare, read, rowsOf } from "./markdown.ts";

it("states the limits that the code has", () => {
  const stated = rowsOf(read("docs/upstream-failures.md"), "constant", "value", "meaning").map(
    ([name, value]) => [bare(name), Number(bare(value))],
  );
  expect(Object.fromEntries(stated)).toEqual({
    HTTP_HEADERS_MS,
    HTTP_SILENCE_MS,
    MCP_HEADERS_MS,
    MCP_SILENCE_MS,
    MOST_FAILURES,
    FIRST_OPEN_MS,
    MOST_OPEN_MS,
    MOST_CALLS,
    LONGEST_PAUSE_MS,
  });
});
