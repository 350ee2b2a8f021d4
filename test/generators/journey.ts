/**
 * The journey of a user who has the OpenAPI document and nothing else. The types are generated from the document
 * that the server has just served, and this file is checked against them: what does not compile here would not compile
 * for users. It prints what happened.
 */
import createClient from "openapi-fetch";
import type { paths } from "./api.d.ts";

const [url = "", adminToken = ""] = process.argv.slice(2);
const operator = createClient<paths>({
  baseUrl: url,
  headers: { authorization: `Bearer ${adminToken}` },
});

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

function done<T>({ data, error, response }: Answer<T>): T {
  if (data === undefined) throw new Error(`${response.status} ${JSON.stringify(error)}`);
  return data;
}

const workspace = done(await operator.POST("/api/v1/workspaces", { body: { name: "generated" } }));
done(await operator.POST("/api/v1/tools", { body: { name: "crm", workspace: workspace.name } }));

// Only a name: everything else has a default.
const named = done(await operator.POST("/api/v1/agents", { body: { name: "only-a-name" } }));
const registered = done(
  await operator.POST("/api/v1/agents", {
    params: { header: { "Idempotency-Key": "journey-1" } },
    body: { name: "asker", workspace: workspace.name, surface: { tools: ["crm"] } },
  }),
);
const agent = registered.agent.id;
const key = registered.api_key.secret ?? "";
const described = done(
  await operator.PATCH("/api/v1/agents/{agent}", {
    params: { path: { agent }, header: { "If-Match": `"${registered.agent.record_version}"` } },
    body: { description: "asks before it acts" },
  }),
);
done(await operator.POST("/api/v1/agents/{agent}/activate", { params: { path: { agent } }, body: {} }));

const client = createClient<paths>({ baseUrl: url });
const token = done(
  await client.POST("/api/v1/auth/token", {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: { grant_type: "client_credentials", client_id: agent, client_secret: key },
  }),
);
const asAgent = { authorization: `Bearer ${token.access_token}` };
const ask = () =>
  client.POST("/api/v1/check", { headers: asAgent, body: { tool: "crm", arguments: { id: 1 } } });
const allowed = done(await ask());
const stopped = done(
  await operator.POST("/api/v1/agents/{agent}/suspend", {
    params: { path: { agent }, query: { wait: "effective" } },
    body: { reason: "the journey ends" },
  }),
);
const refused = await ask();

console.log(
  JSON.stringify({
    named: named.agent.name,
    described: described.agent.description,
    decision: allowed.decision,
    state: stopped.state,
    effective_in_ms: stopped.effective_in_ms,
    afterwards: refused.error?.code,
  }),
);
