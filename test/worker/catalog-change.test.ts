/** Changing and removing what is in the catalog, through the whole Worker. */
import { exports } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { TEST_ADMIN_TOKEN } from "../support/fixed-secrets.ts";

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function call(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await exports.default.fetch(
    new Request(`https://dome.example/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${TEST_ADMIN_TOKEN}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

beforeAll(async () => {
  await call("POST", "/workspaces", { name: "default" });
  await call("POST", "/tools", { name: "zendesk" });
  await call("POST", "/agents", { name: "whole", surface: { tools: ["zendesk"] } });
  await call("POST", "/agents", { name: "part", surface: { tools: ["zendesk/close_ticket"] } });
  await call("POST", "/agents", { name: "other", surface: { tools: ["zendesk-test"] } });
});

it("changes what may change and keeps the name", async () => {
  await call("POST", "/pools", { name: "cheap", models: ["small-1"] });
  const changed = await call("PATCH", "/pools/cheap", { models: ["small-2"], description: "for drafts" });
  expect(changed).toMatchObject({
    status: 200,
    body: { name: "cheap", models: ["small-2"], description: "for drafts" },
  });
  expect((await call("GET", "/pools/cheap")).body).toEqual(changed.body);
  expect(await call("PATCH", "/pools/cheap", { name: "dear" })).toMatchObject({
    status: 400,
    body: { code: "invalid_request", detail: "body member name: is not a member of this request." },
  });
});

it("refuses to remove what agents declare, and names them with what they declare", async () => {
  expect(await call("DELETE", "/tools/zendesk")).toMatchObject({
    status: 409,
    body: {
      code: "in_use",
      errors: [
        { member: "part", detail: "declares zendesk/close_ticket" },
        { member: "whole", detail: "declares zendesk" },
      ],
    },
  });
  expect((await call("GET", "/tools/zendesk")).status).toBe(200);
});

it("removes it with force, once per Idempotency-Key, and says who has lost it (P12)", async () => {
  const key = { "idempotency-key": "remove-zendesk" };
  const removed = await call("DELETE", "/tools/zendesk?force=true", undefined, key);
  expect(removed).toMatchObject({
    status: 200,
    body: { name: "zendesk", removed: true, lost_by: [{ name: "part" }, { name: "whole" }] },
  });
  expect(await call("DELETE", "/tools/zendesk?force=true", undefined, key)).toEqual(removed);
  expect((await call("DELETE", "/tools/zendesk?force=true")).status).toBe(404);
  expect((await call("GET", "/tools/zendesk")).status).toBe(404);
});

it("counts revoked agents no more: what only they declare may go", async () => {
  await call("POST", "/integrations", { name: "salesforce" });
  await call("POST", "/agents", { name: "gone", surface: { integrations: ["salesforce"] } });
  expect((await call("DELETE", "/integrations/salesforce")).status).toBe(409);
  await call("POST", "/agents/gone/revoke?wait=effective", {});
  expect(await call("DELETE", "/integrations/salesforce")).toMatchObject({
    status: 200,
    body: { lost_by: [] },
  });
});

it.each(["tools", "pools", "integrations"])("answers 404 for %s that do not exist", async (kind) => {
  expect((await call("PATCH", `/${kind}/nothing`, { description: "x" })).status).toBe(404);
  expect((await call("DELETE", `/${kind}/nothing`)).status).toBe(404);
});
