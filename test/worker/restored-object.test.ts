/** P5 against a restored database: what one store knows to be revoked, an older copy of the other does not bring back. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { anotherIsolate } from "../support/second-isolate.ts";
import { call, freshWorkspace, operator, problemOf } from "../support/worker-api.ts";

it("keeps an agent revoked that the registry knows to be, though its object was restored to a time before (P5)", async () => {
  const api = operator();
  const home = await freshWorkspace();
  await api.addTool({ name: "zendesk", workspace: home });
  const bot = await api.start({ name: "bot", workspace: home, surface: { tools: ["zendesk"] } });
  const ask = { body: { tool: "zendesk" } };
  const before = await call(await anotherIsolate(), bot.secret, "POST", "/api/v1/check", ask);
  expect(before).toMatchObject({ status: 200, body: { decision: "allow" } });

  // The object still says active; the registry is ahead of it, as after a restore of the objects alone.
  await env.DB.prepare("UPDATE agents SET state = 'revoked', revoked_at = 1 WHERE id = ?").bind(bot.id).run();

  const door = await anotherIsolate();
  const after = await call(door, bot.secret, "POST", "/api/v1/check", ask);
  expect(problemOf(after)).toMatchObject({ status: 401, code: "invalid_token" });
  const token = await door(
    new Request("https://dome.example/api/v1/auth/token", {
      method: "POST",
      headers: {
        authorization: `Bearer ${bot.secret}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: "grant_type=client_credentials",
    }),
  );
  expect(token.status).toBe(401);
});
