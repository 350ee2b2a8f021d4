/** Authenticate before look-up (P11): a bad credential costs no read of what the request names. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { RawEnv } from "../../src/env.ts";
import { bearer, expectProblem, send } from "./calls.fixture.ts";
import { hostileTokens, madeUpKey, mistyped, unstoredKey } from "./credentials.fixture.ts";
import { ADMIN, ids, makeTenant, namesOf, operatorToken, type Tenant } from "./installation.fixture.ts";
import { bodyFor, OPERATIONS, pathOf, type Operation } from "./routes.fixture.ts";
import { unlimitedRefusals } from "../support/unlimited-refusals.ts";

let tenant: Tenant;

beforeAll(async () => {
  tenant = await makeTenant("mine", "crm");
});

/** The bindings of the test, with every statement and every object that is asked written down. */
function watched(): { readonly env: RawEnv; readonly asked: string[] } {
  const asked: string[] = [];
  const watch = <T extends object>(target: T, method: string, note: (argument: string) => string): T =>
    new Proxy(target, {
      get: (inner, name) => {
        const member: unknown = Reflect.get(inner, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          if (name === method) asked.push(note(String(args[0])));
          return Reflect.apply(member, inner, args);
        };
      },
    });
  // So many refusals from one address are limited before anything is read: here it is the reads that are of interest.
  return {
    asked,
    env: {
      ...unlimitedRefusals(env),
      DB: watch(
        env.DB,
        "prepare",
        (statement) => `DB ${/(?:from|into|update) "?(\w+)/i.exec(statement)?.[1]}`,
      ),
      AGENT: watch(env.AGENT, "idFromName", (name) => `AGENT ${name}`),
      WORKSPACE: watch(env.WORKSPACE, "idFromName", (name) => `WORKSPACE ${name}`),
      LEDGER: watch(env.LEDGER, "idFromName", (name) => `LEDGER ${name}`),
    },
  };
}

/** Read when a lease has run out, whatever is asked: the keys that verify tokens. */
const OF_SIGNING_KEYS = ["WORKSPACE org", "DB signing_keys", "DB organization"];

/** What a request with this credential reads, and what it is answered, for something that is there and for nothing. */
async function reads(operation: Operation, authorization: string): Promise<string[]> {
  const nothing = {
    workspace: "nowhere",
    agent: ids.next("agt"),
    key: ids.next("key"),
    halt: ids.next("hlt"),
    decision: ids.next("dec"),
    record: ids.next("evt"),
    txn: ids.next("txn"),
    operation: "search",
    secret: ids.next("sec"),
    name: "nothing",
    tier: "nothing",
    scope: "workspace",
    version: "1",
    operator: ids.next("opt"),
  };
  const seen: string[][] = [];
  const bodies: string[] = [];
  for (const values of [namesOf(tenant), nothing]) {
    const { env: watchedEnv, asked } = watched();
    const body = operation.body === null ? undefined : bodyFor(operation, "unwanted");
    const sent = { authorization, body, env: watchedEnv };
    const answer = await send(operation.method, pathOf(operation, values), sent);
    bodies.push(answer.text.replace(expectProblem(answer, "invalid_token").instance, ""));
    seen.push(asked.filter((each) => !OF_SIGNING_KEYS.includes(each)));
  }
  expect(bodies[0]).toBe(bodies[1]);
  expect(seen[0]).toEqual(seen[1]);
  return seen[0] ?? [];
}

const table = OPERATIONS.filter(({ by }) => by !== "anyone" && by !== "client").map(
  (operation) => [`${operation.method} ${operation.path}`, operation] as const,
);

describe("a credential that Dome cannot have made", () => {
  it.each(table)(
    "at %s is refused without any read: a flood of them costs no look-up",
    async (_name, operation) => {
      const credentials = [madeUpKey("agent"), madeUpKey("operator"), mistyped(tenant.agent.key)];
      for (const credential of credentials) expect(await reads(operation, bearer(credential))).toEqual([]);
    },
  );

  it.each(table)(
    "at %s, if it is a JWT, is refused without a read of anything but the signing keys",
    async (_name, operation) => {
      const hostile = await hostileTokens(tenant.token);
      const names = [
        "alg none",
        "an unknown kid",
        "another key under our kid",
        "another issuer",
        "expired",
      ] as const;
      for (const name of names) {
        expect(await reads(operation, bearer(hostile[name] ?? ""))).toEqual([]);
      }
    },
  );
});

describe("a credential that Dome made and does not know", () => {
  it.each(table)("at %s costs one read, of the credential itself", async (_name, operation) => {
    const ofAgents = operation.by === "operator" ? [] : ["DB api_keys"];
    const ofOperators = operation.by === "agent" ? [] : ["DB operator_tokens"];
    expect(await reads(operation, bearer(await unstoredKey("agent")))).toEqual(ofAgents);
    expect(await reads(operation, bearer(await unstoredKey("operator")))).toEqual(ofOperators);
    // One that is dead stays so: it is read once, whatever it is presented for.
    const expired = bearer(await operatorToken({ role: "admin", expiresAt: Date.now() - 1 }));
    const { env: watchedEnv, asked } = watched();
    const path = pathOf(operation, namesOf(tenant));
    const body = operation.body === null ? undefined : bodyFor(operation, "unwanted");
    await send(operation.method, path, { authorization: expired, body, env: watchedEnv });
    expect(asked.filter((each) => !OF_SIGNING_KEYS.includes(each))).toEqual(ofOperators);
    expect(await reads(operation, expired)).toEqual([]);
  });
});

describe("a role that may not", () => {
  // Whose a key is, and what would be decided or would have been, an auditor may ask.
  const asking = ["identifyKey", "decideAfresh", "replayDecisions"];
  const forbidden = OPERATIONS.filter(
    ({ by, method, id }) => by === "operator" && method !== "GET" && !asking.includes(id),
  );

  it.each(forbidden.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "at %s is refused before anything is looked up or parsed",
    async (_name, operation) => {
      const auditor = bearer(await operatorToken({ role: "auditor" }));
      const { env: watchedEnv, asked } = watched();
      const answer = await send(operation.method, pathOf(operation, namesOf(tenant)), {
        authorization: auditor,
        headers: { "content-type": "text/plain" },
        body: "{",
        env: watchedEnv,
      });
      expectProblem(answer, "forbidden");
      expect(asked).toEqual(["DB operator_tokens"]);
    },
  );
});

describe("the admin token", () => {
  it("is known without the database, so that an emergency stop works while D1 is down (P3)", async () => {
    const { env: watchedEnv, asked } = watched();
    expect(
      (await send("GET", "/api/v1/operators/self", { authorization: ADMIN, env: watchedEnv })).status,
    ).toBe(200);
    expect(asked).toEqual([]);
  });
});
