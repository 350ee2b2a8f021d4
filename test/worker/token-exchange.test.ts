/** Token exchange (RFC 8693) through the Worker: agents on behalf of agents. Tests carry the number of their rule. */
import { beforeAll, describe, expect, it } from "vitest";
import { basic, claimsOf, errorOf, postForm } from "../support/oauth-doors.ts";
import { tokenResponse } from "../../src/contract/oauth.ts";
import { check, freshWorkspace, operator, token, type Registered } from "../support/worker-api.ts";

const TTE = "urn:ietf:params:oauth:grant-type:token-exchange";
const AT = "urn:ietf:params:oauth:token-type:access_token";
const api = operator();
let home: string;
let a: Registered;
let b: Registered;

const exchange = (agent: Registered, form: Record<string, string>) =>
  postForm("/api/v1/auth/token", basic(agent.id, agent.secret), {
    grant_type: TTE,
    subject_token_type: AT,
    ...form,
  });

beforeAll(async () => {
  home = await freshWorkspace();
  const surface = { tools: ["crm"], pools: [], integrations: [] };
  await api.addTool({ name: "crm", workspace: home });
  b = await api.start({ name: "b", workspace: home, surface });
  a = await api.start({ name: "a", workspace: home, surface, delegates_to: ["b"] });
});

describe("A on behalf of B", () => {
  it("b becomes the current actor, a stays the subject (TX-30)", async () => {
    const answer = await exchange(b, { subject_token: await token(a.secret) });
    expect(answer.text).toContain("access_token");
    const body = tokenResponse.parse(JSON.parse(answer.text));
    const claims = claimsOf(body.access_token);
    expect(claims).toMatchObject({ sub: a.id, client_id: b.id, act: { sub: b.id }, scope: "surface" });
    expect(claims.actor_receipts).toHaveLength(1);
    expect((await check(body.access_token, { tool: "crm" })).body).toMatchObject({ decision: "allow" });
  });

  it("a has no basis to act for b (TX-37)", async () => {
    expect(errorOf(await exchange(a, { subject_token: await token(b.secret) }))).toEqual([
      400,
      "invalid_request",
    ]);
  });
});
