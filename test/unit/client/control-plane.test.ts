import { describe, expect, test } from "vitest";
import { AgentClient } from "../../../src/client/agent-client.ts";
import { ControlPlane } from "../../../src/client/control-plane.ts";
import { publishedKeys } from "../../../src/client/published-keys.ts";
import { FakeService, json } from "./fake-service.ts";
import {
  agent,
  AGENT_ID,
  created,
  DECISION_ID,
  halt,
  HALT_ID,
  KEY_ID,
  keyCreated,
  SECRET,
  transition,
  TXN_ID,
} from "./samples.ts";

const URL_OF_SERVICE = "https://dome.example.com";
const plane = (service: FakeService) =>
  new ControlPlane({ ...service.ports, url: URL_OF_SERVICE, token: "dome_ot_x" });
const door = (service: FakeService) =>
  new AgentClient({ ...service.ports, url: URL_OF_SERVICE, token: SECRET });
const asked = (service: FakeService) =>
  service.seen.map(({ method, url }) => `${method} ${url.slice(URL_OF_SERVICE.length)}`);

describe("the control plane", () => {
  test("sends every lifecycle command to its own route, with the workspace that tells equal names apart", async () => {
    const service = new FakeService(json(200, transition()));
    const { agents } = plane(service);
    const ref = { agent: "support-triage", workspace: "support" };
    await agents.activate(ref);
    await agents.resume(ref);
    await agents.suspend(ref, { reason: "why" });
    await agents.revoke(ref, {}, "effective");
    expect(asked(service)).toEqual([
      "POST /api/v1/agents/support-triage/activate?workspace=support",
      "POST /api/v1/agents/support-triage/resume?workspace=support",
      "POST /api/v1/agents/support-triage/suspend?workspace=support",
      "POST /api/v1/agents/support-triage/revoke?workspace=support&wait=effective",
    ]);
    expect(service.seen.map(({ body }) => body)).toEqual(["{}", "{}", '{"reason":"why"}', "{}"]);
    expect(service.keys.every((key) => key !== null)).toBe(true);
  });

  test("makes a change to the version that was read, or not at all", async () => {
    const service = new FakeService(json(200, { agent: agent(), warnings: [] }));
    await plane(service).agents.update({ agent: AGENT_ID }, { tier: "trusted" }, 7);
    expect(service.seen[0]?.headers.get("if-match")).toBe('"7"');
    await plane(service).agents.update({ agent: AGENT_ID }, { tier: "trusted" });
    expect(service.seen[1]?.headers.has("if-match")).toBe(false);
  });

  test("parses what it gets: the record, the halt, the key", async () => {
    expect(
      await plane(new FakeService(json(201, created()))).agents.register({ name: "support-triage" }),
    ).toEqual(created());
    expect(await plane(new FakeService(json(200, halt()))).agents.halt({ agent: AGENT_ID }, HALT_ID)).toEqual(
      halt(),
    );
    const issued = keyCreated({ replaced: { id: KEY_ID, ends_at: "2026-11-23T10:00:00.000Z", halt: null } });
    expect(await plane(new FakeService(json(201, issued))).keys.issue({ agent: AGENT_ID })).toEqual(issued);
  });

  test("goes through a list page by page with the same filter", async () => {
    const service = new FakeService(
      json(200, { items: [agent()], next_cursor: "c1" }),
      json(200, { items: [agent({ name: "other" })], next_cursor: null }),
    );
    const names: string[] = [];
    for await (const { name } of plane(service).agents.list({ state: "active" })) names.push(name);
    expect(names).toEqual(["support-triage", "other"]);
    expect(asked(service)).toEqual([
      "GET /api/v1/agents?state=active&limit=200",
      "GET /api/v1/agents?state=active&limit=200&cursor=c1",
    ]);
  });
});

describe("the agent's side", () => {
  test("exchanges its key by client_credentials, form-encoded (RFC 6749 §4.4)", async () => {
    const service = new FakeService(
      json(200, { access_token: "eyJ.a.b", token_type: "Bearer", expires_in: 300, scope: "surface" }),
    );
    await door(service).token({ scope: "tool:zendesk" });
    const [seen] = service.seen;
    expect(seen?.body).toBe("grant_type=client_credentials&scope=tool%3Azendesk");
    expect(seen?.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    expect(seen?.headers.get("authorization")).toBe(`Bearer ${SECRET}`);
  });

  test("takes a deny as an answer, not as an error", async () => {
    const denied = {
      decision: "deny",
      decision_id: DECISION_ID,
      reason: "surface_undeclared",
      layer: "surface",
      detail: "The agent has not declared it.",
      change: null,
      policies: [],
      bundle_version: "baseline-1",
      txn: TXN_ID,
      request_id: "req_1",
    };
    expect(await door(new FakeService(json(200, denied))).check({ tool: "jira" })).toEqual(denied);
  });
});

test("published keys are asked of the service itself, without any credential", async () => {
  const service = new FakeService((seen) =>
    seen.url.endsWith("jwks.json")
      ? json(200, { keys: [{ kty: "EC" }] })
      : json(200, { issuer: "https://dome.example.com", more: 1 }),
  );
  expect(await publishedKeys({ ...service.ports, url: URL_OF_SERVICE })).toEqual({
    issuer: "https://dome.example.com",
    keys: [{ kty: "EC" }],
  });
  expect(service.seen.some(({ headers }) => headers.has("authorization"))).toBe(false);
});
