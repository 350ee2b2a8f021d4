/** Every route × every credential that must not open it: one of two answers, and never a third (P11). */
import { beforeAll, describe, expect, it } from "vitest";
import { bearer, expectProblem, send, type Sent } from "./calls.fixture.ts";
import {
  hostileTokens,
  madeUpKey,
  mistyped,
  mistypedWithChecksum,
  unstoredKey,
} from "./credentials.fixture.ts";
import {
  activeAgent,
  ADMIN,
  callToken,
  command,
  makeTenant,
  namesOf,
  operatorToken,
  registerAgent,
  type Tenant,
} from "./installation.fixture.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { bodyFor, OPERATIONS, pathOf, type By, type Operation } from "./routes.fixture.ts";

const RESOURCE_METADATA = `resource_metadata="${TEST_ISSUER}/.well-known/oauth-protected-resource"`;

/** What is wrong with a credential, and the whole `Authorization` header. */
type Wrong = readonly [what: string, authorization: string];

let tenant: Tenant;
let forOperators: readonly Wrong[];
let forAgents: readonly Wrong[];
/** Wrong at either door. */
let forBoth: readonly Wrong[];
/** Of a suspended agent: the one credential of a stopped agent that opens anything, and then the doors about itself. */
let suspendedKey: string;

/** Decision 0035: the doors about the agent itself. A door that is added to them is a decision. */
const ABOUT_ITSELF = ["followSelf", "reportEvents"];

beforeAll(async () => {
  tenant = await makeTenant("mine", "crm");
  const suspended = await activeAgent("mine", "suspended");
  const ofSuspended = await callToken(suspended.key);
  suspendedKey = bearer(suspended.key);
  await command(suspended, "suspend");
  const revoked = await activeAgent("mine", "revoked");
  const ofRevoked = await callToken(revoked.key);
  await command(revoked, "revoke");
  const resumed = await activeAgent("mine", "resumed");
  const beforeResume = await callToken(resumed.key);
  await command(resumed, "suspend");
  await command(resumed, "resume");
  const provisioned = await registerAgent("mine", "provisioned");
  const hour = 3_600_000;
  const live = await operatorToken({ role: "admin" });

  const malformed: Wrong[] = [
    ["a scheme without a credential", "Bearer"],
    ["a credential without a scheme", tenant.token],
    ["another scheme", `Token ${tenant.agent.key}`],
    ["Basic", `Basic ${btoa(`${tenant.agent.id}:${tenant.agent.key}`)}`],
    ["two credentials in one header", `${bearer(tenant.agent.key)}, ${ADMIN}`],
    ["two words", `${bearer("a")} b`],
    ["something else", bearer("null")],
    ["SQL", bearer("' OR 1=1 --")],
    ["an agent key of another length", bearer(`${tenant.agent.key}0`)],
    ["an operator token of another length", bearer(`${live}0`)],
  ];
  const keys: Wrong[] = [
    ["a made-up agent key with a right checksum", bearer(madeUpKey("agent"))],
    ["a made-up operator token with a right checksum", bearer(madeUpKey("operator"))],
    ["an agent key that was never stored", bearer(await unstoredKey("agent"))],
    ["an operator token that was never stored", bearer(await unstoredKey("operator"))],
    ["an agent key with one character changed", bearer(mistyped(tenant.agent.key))],
    ["an operator token with one character changed", bearer(mistyped(live))],
    [
      "an agent key with one character changed and a right checksum",
      bearer(mistypedWithChecksum(tenant.agent.key)),
    ],
    ["an operator token with one character changed and a right checksum", bearer(mistypedWithChecksum(live))],
    ["the admin token with one character changed", ADMIN.slice(0, -1) + (ADMIN.endsWith("0") ? "1" : "0")],
    ["an agent key under the other prefix", bearer(tenant.agent.key.replace("dome_at_", "dome_ot_"))],
    ["an operator token under the other prefix", bearer(live.replace("dome_ot_", "dome_at_"))],
    ["a revoked agent key", bearer(tenant.deadKey)],
    ["the key of a suspended agent", bearer(suspended.key)],
    ["the key of a revoked agent", bearer(revoked.key)],
    ["the key of a provisioned agent", bearer(provisioned.key)],
    ["a token of a suspended agent", bearer(ofSuspended)],
    ["a token of a revoked agent", bearer(ofRevoked)],
    ["a token from before a resume", bearer(beforeResume)],
    [
      "an expired operator token",
      bearer(await operatorToken({ role: "admin", expiresAt: Date.now() - hour })),
    ],
    [
      "a revoked operator token",
      bearer(await operatorToken({ role: "admin", revokedAt: Date.now() - hour })),
    ],
    ["an operator token of an unknown role", bearer(await operatorToken({ role: "root" as "admin" }))],
  ];
  const hostile = Object.entries(await hostileTokens(tenant.token)).map(([what, token]): Wrong => [
    `a JWT: ${what}`,
    bearer(token),
  ]);
  forBoth = [...malformed, ...keys, ...hostile];
  forOperators = [
    ...forBoth,
    ["an agent's live key", bearer(tenant.agent.key)],
    ["an agent's live token", bearer(tenant.token)],
  ];
  forAgents = [...forBoth, ["a live operator token", bearer(live)], ["the admin token", ADMIN]];
}, 60_000);

const wrongFor = (by: By): readonly Wrong[] =>
  ({ anyone: [], client: [], operator: forOperators, agent: forAgents, either: forBoth })[by];

function request(operation: Operation, authorization: string | undefined): readonly [string, string, Sent] {
  const body = operation.body === null ? undefined : bodyFor(operation, "unwanted");
  return [operation.method, pathOf(operation, namesOf(tenant)), { authorization, body }];
}

const guarded = OPERATIONS.filter(({ by }) => by !== "anyone" && by !== "client");

describe("a request with a bad credential", () => {
  it("is tried at every guarded route of the document", () => {
    expect(guarded.length).toBeGreaterThan(30);
    expect(OPERATIONS.filter(({ by }) => by === "client").map(({ id }) => id)).toEqual([
      "issueToken",
      "introspectToken",
      "revokeToken",
    ]);
  });

  it.each(guarded.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s is refused with 401 and says only that the credential is not valid (P11)",
    async (_name, operation) => {
      const bodies = new Map<string, string>();
      for (const [what, authorization] of wrongFor(operation.by)) {
        if (authorization === suspendedKey && ABOUT_ITSELF.includes(operation.id)) continue;
        const answer = await send(...request(operation, authorization));
        const said = expectProblem(answer, "invalid_token");
        expect(answer.headers.get("www-authenticate")).toBe(
          operation.by === "operator"
            ? 'Bearer error="invalid_token"'
            : `Bearer error="invalid_token", ${RESOURCE_METADATA}`,
        );
        bodies.set(answer.text.replaceAll(said.instance, "REQUEST"), what);
      }
      expect([...bodies]).toHaveLength(1); // all of them read the same
    },
  );

  it.each(guarded.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s without any credential is asked for one, without an error code (RFC 6750 §3.1)",
    async (_name, operation) => {
      for (const none of [undefined, ""]) {
        const answer = await send(...request(operation, none));
        expectProblem(answer, "unauthenticated");
        expect(answer.headers.get("www-authenticate")).toBe(
          operation.by === "operator" ? "Bearer" : `Bearer ${RESOURCE_METADATA}`,
        );
      }
    },
  );

  it.each(guarded.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s takes a credential from the Authorization header and from nowhere else (RFC 9700 §4.3.2)",
    async (_name, operation) => {
      const [method, path] = request(operation, undefined);
      const credential = operation.by === "operator" ? ADMIN.slice("Bearer ".length) : tenant.token;
      const headers = { cookie: `token=${credential}`, "x-api-key": credential, "dome-act-as": credential };
      const answers = [
        await send(method, `${path}?access_token=${credential}`),
        await send(method, path, { headers }),
      ];
      for (const answer of answers) expect(expectProblem(answer, "unauthenticated").status).toBe(401);
    },
  );
});

describe("the key of a suspended agent", () => {
  const forAgentsOnly = guarded.filter(({ by }) => by !== "operator");

  it.each(forAgentsOnly.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "at %s opens the door if it is about the agent itself, and no other (P3, decision 0035)",
    async (_name, operation) => {
      const answer = await send(...request(operation, suspendedKey));
      expect(answer.status).toBe(ABOUT_ITSELF.includes(operation.id) ? 200 : 401);
    },
  );
});

describe("a good credential", () => {
  it.each(
    guarded.filter(({ method }) => method === "GET").map((operation) => [operation.path, operation] as const),
  )("opens GET %s: the matrix refuses for the reason it names", async (_name, operation) => {
    const [method, path, sent] = request(operation, operation.by === "agent" ? bearer(tenant.token) : ADMIN);
    const home = operation.query.includes("workspace") ? "?workspace=mine" : "";
    expect((await send(method, path + home, sent)).status).toBe(200);
  });
});
