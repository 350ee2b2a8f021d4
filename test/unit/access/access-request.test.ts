import { expect, it, test } from "vitest";
import { parseAccessRequest } from "../../../src/access/access-request.ts";
import type { CheckRequest } from "../../../src/contract/check.ts";

test.each<[CheckRequest, object]>([
  [{ tool: "zendesk" }, { kind: "tool", action: "tool:use", name: "zendesk", part: null }],
  [
    { tool: "zendesk/create_ticket" },
    { kind: "tool", action: "tool:use", name: "zendesk", part: "create_ticket" },
  ],
  [
    { model: "premium/gpt-5:latest" },
    { kind: "pool", action: "llm:chat", name: "premium", part: "gpt-5:latest" },
  ],
  [
    { integration: "salesforce" },
    { kind: "integration", action: "integration:use", name: "salesforce", part: null },
  ],
  [
    { action: "llm:embed", resource: "premium/e1" },
    { kind: "pool", action: "llm:embed", name: "premium", part: "e1" },
  ],
])("reads %j", (body, question) => {
  expect(parseAccessRequest(body)).toEqual({ ok: true, value: question });
});

test.each<[CheckRequest, string]>([
  [{ action: "tool:use", resource: "" }, "resource"],
  [{ action: "tool:use", resource: "a/" }, "resource"],
  [{ action: "tool:use", resource: "a/b/c" }, "resource"],
  [{ action: "tool:use", resource: "a/b:c" }, "resource"],
  [{ action: "tool:use", resource: "../a" }, "resource"],
  [{ action: "integration:use", resource: "a/b" }, "resource"],
  [{ tool: `zendesk/dome_at_${"A".repeat(49)}` }, "tool"],
  [{}, "action"],
])("refuses %j with the member at fault", (body, member) => {
  expect(parseAccessRequest(body)).toEqual({ ok: false, error: { member } });
});

it("takes a tool before anything else, because the schema lets only one through", () => {
  expect(parseAccessRequest({ tool: "a", model: "b" })).toMatchObject({ value: { name: "a" } });
});
