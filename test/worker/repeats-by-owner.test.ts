/**
 * P12: a repeat is known by operator subject, Idempotency-Key, and what the credential resolves the request to. Two tokens
 * of one subject that are bound to different workspaces send the same bytes and mean different things.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { freshWorkspace, operator, operatorToken, type OperatorApi } from "../support/worker-api.ts";

const admin = operator();
let here: { readonly name: string; readonly id: string; readonly api: OperatorApi };
let there: typeof here;
let keys = 0;

const freshKey = (): string => `crossing-${(keys += 1)}`;

/** A workspace, and a token of the same subject as every other that is bound to it alone. */
async function bound(): Promise<typeof here> {
  const name = await freshWorkspace("bound");
  const token = await operatorToken({ subject: "ci@example.com", role: "admin", workspaces: [name] });
  return { name, id: (await admin.showWorkspace(name)).id, api: operator(token) };
}

beforeAll(async () => {
  here = await bound();
  there = await bound();
});

/** The same bytes under the same key with both tokens. */
async function both(method: string, path: string, body?: object) {
  const options = { key: freshKey(), ...(body === undefined ? {} : { body }) };
  const first = await here.api.call(method, path, options);
  const second = await there.api.call(method, path, options);
  return { first, second, repeated: await there.api.call(method, path, options) };
}

const withAgent = z.object({ agent: z.object({ id: z.string(), workspace: z.string() }) });
const withHome = z.looseObject({ workspace_id: z.string() });

describe("one Idempotency-Key with two tokens of one subject", () => {
  it("registers an agent in each workspace, and shows each secret once (P12)", async () => {
    const { first, second, repeated } = await both("POST", "/agents", { name: "bot" });
    expect([first.status, second.status, repeated.status]).toEqual([201, 201, 201]);
    expect(withAgent.parse(first.body).agent.workspace).toBe(here.name);
    expect(withAgent.parse(second.body).agent.workspace).toBe(there.name);
    expect(withAgent.parse(repeated.body).agent.id).toBe(withAgent.parse(second.body).agent.id);
    expect(second.body).toMatchObject({ secret_shown: false });
    expect(repeated.body).toMatchObject({ secret_shown: true });
  });

  it("changes the agent of each workspace (P12)", async () => {
    const { first, second } = await both("PATCH", "/agents/bot", { description: "changed" });
    expect(withAgent.parse(first.body).agent.workspace).toBe(here.name);
    expect(withAgent.parse(second.body).agent.workspace).toBe(there.name);
    expect((await there.api.show("bot")).description).toBe("changed");
  });

  it("issues a key to the agent of each workspace (P12)", async () => {
    const { first, second } = await both("POST", "/agents/bot/keys", {});
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toMatchObject({ secret_shown: false });
    expect(await there.api.keys("bot")).toHaveLength(2);
  });

  it.each([
    ["tools", { name: "crossing" }],
    ["pools", { name: "crossing" }],
    ["integrations", { name: "crossing" }],
    [
      "identity-providers",
      {
        name: "crossing",
        issuer: "https://login.microsoftonline.com/t-1/v2.0",
        audiences: [{ audience: "app" }],
        audience_scope: "workspace",
      },
    ],
  ])("adds to and removes from the %s of each workspace (P12)", async (path, body) => {
    const added = await both("POST", `/${path}`, body);
    expect(withHome.parse(added.first.body).workspace_id).toBe(here.id);
    expect(withHome.parse(added.second.body).workspace_id).toBe(there.id);
    const removed = await both("DELETE", `/${path}/crossing`);
    expect([removed.first.status, removed.second.status, removed.repeated.status]).toEqual([200, 200, 200]);
    expect((await there.api.call("GET", `/${path}/crossing`)).status).toBe(404);
  });

  it.each(["tools", "pools", "integrations"])(
    "changes what is in the %s of each workspace (P12)",
    async (path) => {
      await both("POST", `/${path}`, { name: "changing" });
      const { second } = await both("PATCH", `/${path}/changing`, { description: "changed" });
      expect(second.body).toMatchObject({ workspace_id: there.id, description: "changed" });
    },
  );

  it("stops the agent of each workspace (P12)", async () => {
    await here.api.activate("bot");
    await there.api.activate("bot");
    const { first, second } = await both("POST", "/agents/bot/suspend", {});
    expect([first.status, second.status]).toEqual([202, 202]);
    expect((await there.api.show("bot")).state).toBe("suspended");
  });
});

describe("one Idempotency-Key for two things of one workspace", () => {
  it("stops both agents: each has its own repeat (P12)", async () => {
    const key = freshKey();
    for (const name of ["one", "two"]) await here.api.register({ name });
    for (const name of ["one", "two"]) await here.api.activate(name);
    for (const name of ["one", "two"]) await here.api.stop(name, "revoke", { key });
    expect((await here.api.show("one")).state).toBe("revoked");
    expect((await here.api.show("two")).state).toBe("revoked");
  });

  it("changes both agents: each has its own repeat (P12)", async () => {
    const key = freshKey();
    const body = { description: "changed" };
    for (const name of ["three", "four"]) {
      await here.api.register({ name });
      expect((await here.api.call("PATCH", `/agents/${name}`, { key, body })).status).toBe(200);
      expect((await here.api.show(name)).description).toBe("changed");
    }
  });

  it("refuses a tool after a pool: the workspace's object changes both, and it was another request (P12)", async () => {
    const key = freshKey();
    expect((await here.api.call("POST", "/pools", { key, body: { name: "keyed" } })).status).toBe(201);
    expect((await here.api.call("POST", "/tools", { key, body: { name: "keyed" } })).status).toBe(422);
  });
});
