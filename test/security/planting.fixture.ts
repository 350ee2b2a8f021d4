/** Requests with a secret in a place where it does not belong. */
import type { z } from "zod";
import { routes } from "../../src/api/routes.ts";
import { bearer, type Sent } from "./calls.fixture.ts";
import { ADMIN, namesOf, type Tenant, type TestAgent } from "./installation.fixture.ts";
import { bodyFor, pathOf, type Operation } from "./routes.fixture.ts";

const credentialFor = ({ by }: Operation, tenant: Tenant): string | undefined =>
  by === "anyone" ? undefined : by === "operator" ? ADMIN : bearer(tenant.agent.key);

const validBody = (operation: Operation): Record<string, unknown> | undefined =>
  operation.body === "application/json"
    ? { ...bodyFor(operation, "planted"), ...WORKSPACE[operation.id] }
    : undefined;
const inMine = { workspace: "mine" };
const WORKSPACE: Readonly<Record<string, object>> = {
  registerAgent: inMine,
  decideAfresh: inMine,
  addTool: inMine,
  addPool: inMine,
  addIntegration: inMine,
  addIdentityProvider: inMine,
};

const membersOf = (operation: Operation): string[] => {
  const route = routes.find(({ operationId }) => operationId === operation.id);
  return Object.keys((route?.body as z.ZodObject | undefined)?.shape ?? {});
};

export type Planted = readonly [where: string, method: string, path: string, sent: Sent];

/** Every character escaped: no pattern for secrets finds it, everybody reads it. */
export const percentEncoded = (text: string): string =>
  Array.from(text, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");

/** One request for every place of an operation in which a secret can stand. @param tenant the workspace `mine`. */
export function* plantedIn(operation: Operation, secret: string, tenant: Tenant): Generator<Planted> {
  const { method, path, params, query } = operation;
  const authorization = credentialFor(operation, tenant);
  const body = validBody(operation);
  const values = { ...namesOf(tenant), ...(method === "GET" ? {} : { agent: tenant.spare.id }) };
  const home = query.includes("workspace") ? "workspace=mine" : "";
  const at = (
    where: string,
    sent: Sent,
    change: Readonly<Record<string, string>> = {},
    search = home,
  ): Planted => [
    `${where} of ${method} ${path}`,
    method,
    `${pathOf(operation, { ...values, ...change })}?${search}`,
    { authorization, body, ...sent },
  ];
  const visible = encodeURIComponent(secret);
  yield at("headers", {
    headers: {
      "user-agent": `agent/1 (${secret})`,
      "x-request-id": secret,
      "dome-request-id": secret,
      "dome-act-as": secret,
      "x-api-key": secret,
      cookie: `token=${secret}`,
      referer: `https://x.example/?key=${secret}`,
      origin: `https://${secret}`,
      "if-match": `"${secret}"`,
      "cf-connecting-ip": secret,
      traceparent: secret,
      accept: secret,
    },
  });
  yield at("Idempotency-Key", { headers: { "idempotency-key": secret } });
  for (const wrong of [
    secret,
    `Basic ${secret}`,
    `Basic ${btoa(`${secret}:${secret}`)}`,
    `Token ${secret}`,
  ]) {
    yield at("Authorization", { authorization: wrong });
  }
  yield at("Authorization", { authorization: `${bearer(secret)}x` });
  for (const name of params) {
    const [where, , clear, sent] = at(`{${name}}`, {}, { [name]: secret });
    yield [where, method, clear, sent];
    yield [
      `escapes in ${where}`,
      method,
      clear.replace(encodeURIComponent(secret), percentEncoded(secret)),
      sent,
    ];
  }
  for (const name of query)
    yield at(
      `?${name}=`,
      {},
      {},
      name === "workspace" ? `workspace=${visible}` : `${home}&${name}=${visible}`,
    );
  yield at("an unknown parameter", {}, {}, `surprise=${visible}`);
  yield at("the name of a parameter", {}, {}, `${visible}=1`);
  yield at("the name of a repeated parameter", {}, {}, `${visible}=1&${visible}=2`);
  if (body === undefined) return;
  for (const member of [...membersOf(operation), "surprise"]) {
    for (const value of [
      secret,
      `x ${secret} y`,
      [secret],
      { [secret]: secret },
      { tools: [secret] },
      { a: { b: secret } },
    ]) {
      yield at(`member ${member}`, { body: { ...body, [member]: value } });
    }
  }
  yield at("the content type", { headers: { "content-type": secret }, body: "{}" });
  yield at("the name of a member", { body: { ...body, [secret]: 1 } });
  yield at("escapes", { headers: JSON_TYPE, body: `{"description":"${escaped(secret)}","name":"planted"}` });
  yield at("broken JSON", { headers: JSON_TYPE, body: `{"name":"${secret}` });
  yield at("a body of another type", { headers: { "content-type": "text/plain" }, body: secret });
}

const JSON_TYPE = { "content-type": "application/json" };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
const escaped = (text: string): string =>
  Array.from(text, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

/** The same for the token endpoint. @param asker whose key authenticates where it may. */
export function* plantedInForm(secret: string, asker: TestAgent): Generator<Planted> {
  const path = "/api/v1/auth/token";
  const token = (where: string, body: string, search = "", authorization = bearer(asker.key)): Planted => [
    where,
    "POST",
    path + search,
    { authorization, headers: { ...FORM_TYPE, "user-agent": secret }, body },
  ];
  const grant = "grant_type=client_credentials";
  const value = encodeURIComponent(secret);
  for (const name of [
    "scope",
    "resource",
    "client_id",
    "client_secret",
    "client_assertion",
    "audience",
    "subject_token",
  ]) {
    yield token(`form parameter ${name}`, `${grant}&${name}=${value}`);
  }
  yield token("scope of a tool", `${grant}&scope=tool%3Acrm%2F${value}`);
  yield token("grant_type", `grant_type=${value}`);
  yield token("the name of a form parameter", `${grant}&${value}=1&${value}=2`);
  yield token("the query", grant, `?client_secret=${value}`);
  yield token("the client id", grant, "", `Basic ${btoa(`${secret}:${asker.key}`)}`);
  yield token("the wrong client", grant, "", `Basic ${btoa(`${asker.id}:${secret}`)}`);
  yield token("another scheme", grant, "", `Digest ${secret}`);
}
