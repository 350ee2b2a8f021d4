/**
 * Every route of the OpenAPI document × every role × a token for all workspaces, for the own, for another one × no, dead
 * and expired credentials. What is expected is derived from the permission table, here and nowhere else; a route that
 * is added is in the matrix by itself, and fails it until it is taught what it needs.
 */
import { cedarModule } from "../../src/cedar-module.ts";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { toolDefinition } from "../../src/mcp/tool-definition.ts";
import { mcpAnswers } from "../support/mcp-answers.ts";
import { createApp } from "../../src/api/app.ts";
import { routes } from "../../src/api/routes.ts";
import type { ToolSecret } from "../../src/contract/upstream.ts";
import type { Permission } from "../../src/operators/permissions.ts";
import { PERMISSIONS, ROLES, whyNot, type Role } from "../../src/operators/permissions.ts";
import { newRequestId, services } from "../../src/wire.ts";
import { bearer, done, expectProblem, send, type Answer } from "../security/calls.fixture.ts";
import { madeUpKey, unstoredKey } from "../security/credentials.fixture.ts";
import {
  activeAgent,
  ADMIN,
  command,
  ids,
  issueOperator,
  makeTenant,
  namesOf,
  operatorToken,
  type Tenant,
} from "../security/installation.fixture.ts";
import { bodyFor, DOCUMENT, OPERATIONS, pathOf, type Operation } from "../security/routes.fixture.ts";

const MINE = "mine";
const DEVELOPER = "dev@example.com";
const SUBJECTS: Readonly<Partial<Record<Role, string>>> = { developer: DEVELOPER };

type Reach = "all" | "own";

let mine: Tenant;
let theirs: Tenant;
let tokens: Readonly<Record<Reach, Readonly<Record<Role, string>>>>;
/** An agent that the developer owns, with a halt to read. */
let owned: { readonly agent: string; readonly halt: string; readonly key: string };

async function tokensFor(workspaces: readonly string[] | null): Promise<Readonly<Record<Role, string>>> {
  const made = ROLES.map(async (role) => {
    const subject = SUBJECTS[role] ?? `${role}@example.com`;
    return [role, bearer(await operatorToken({ role, subject, workspaces }))] as const;
  });
  return Object.fromEntries(await Promise.all(made)) as Record<Role, string>;
}

beforeAll(async () => {
  mine = await makeTenant(MINE, "crm");
  theirs = await makeTenant("theirs", "vault");
  tokens = { all: await tokensFor(null), own: await tokensFor([MINE]) };
  const agent = await activeAgent(MINE, "owned", { owner: DEVELOPER });
  const { halt } = await command(agent, "suspend");
  await command(agent, "resume");
  owned = { agent: agent.id, halt: halt?.id ?? "", key: agent.keyId };
}, 60_000);

const open = OPERATIONS.filter(({ by }) => by === "operator" || by === "either");
const table = (operations: readonly Operation[]) =>
  operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

/** What the document says a route needs; null: any operator. */
function permissionOf({ method, path }: Operation): Permission | null {
  const documented = DOCUMENT.paths[path]?.[method.toLowerCase()] as
    { "x-dome-permission"?: string } | undefined;
  const named = documented?.["x-dome-permission"];
  if (named === undefined) return null;
  const permission = PERMISSIONS.find((each) => each === named);
  if (permission === undefined) throw new Error(`${path} needs ${named}, which is in no table`);
  return permission;
}

const refusalOf = (operation: Operation, role: Role, workspaces: readonly string[] | null) => {
  const permission = permissionOf(operation);
  return permission === null ? null : whyNot({ role, workspaces }, permission);
};

const declaredSuccesses = ({ method, path }: Operation): number[] => {
  const documented = DOCUMENT.paths[path]?.[method.toLowerCase()] as { responses?: object } | undefined;
  return Object.keys(documented?.responses ?? {})
    .map(Number)
    .filter((status) => status < 300);
};

/** What is about the operations of an MCP server. */
const OF_PINS = ["refreshTool", "testTool", "showToolOperation", "approveToolOperation"];
const SERVER = mcpAnswers([{ name: "search", inputSchema: { type: "object" } }]);
const SEARCH_HASH = toolDefinition(SERVER.tools[0]);

let made = 0;

/** What the path names, so that the route has something to act on: a mutation gets an agent of its own. */
async function targetFor(operation: Operation): Promise<Readonly<Record<string, string>>> {
  const shared = { ...namesOf(mine), ...owned };
  if (OF_PINS.includes(operation.id)) {
    const name = `p-${(made += 1)}`;
    const server = { kind: "mcp", url: `https://${name}.example.com/mcp` };
    await done("POST", "/api/v1/tools", { authorization: ADMIN, body: { workspace: MINE, name, ...server } });
    const answering = vi.spyOn(globalThis, "fetch").mockImplementation(SERVER.answer);
    await done("POST", `/api/v1/tools/${name}/refresh?workspace=${MINE}`, {
      authorization: ADMIN,
      body: undefined,
    });
    answering.mockRestore();
    return { ...shared, name };
  }
  if (operation.method === "GET") return shared;
  if (operation.params.includes("operator")) {
    return { ...shared, operator: await issueOperator({ subject: "short@example.com", role: "auditor" }) };
  }
  if (operation.id === "addToolSecret" || operation.id === "removeToolSecret") {
    // A tool has at most a few secrets at once.
    const name = `s-${(made += 1)}`;
    const server = { kind: "http", url: "https://s.example.com", auth: { type: "bearer" } };
    await done("POST", "/api/v1/tools", { authorization: ADMIN, body: { workspace: MINE, name, ...server } });
    const path = `/api/v1/tools/${name}/secrets?workspace=${MINE}`;
    const sent = { authorization: ADMIN, body: { value: "short-lived" } };
    return {
      ...shared,
      [`${operation.id}.name`]: name,
      secret: (await done<ToolSecret>("POST", path, sent)).id,
    };
  }
  if (operation.id === "removeTier") {
    const tier = `t-${(made += 1)}`;
    await done("POST", "/api/v1/tiers", { authorization: ADMIN, body: { name: tier } });
    return { ...shared, "removeTier.tier": tier };
  }
  if (operation.method === "DELETE" && operation.params.includes("name")) {
    const name = `e-${(made += 1)}`;
    const provider = {
      issuer: `https://${name}.idp.example`,
      audiences: [{ audience: "app" }],
      audience_scope: "workspace",
    };
    const body = { workspace: MINE, name, ...(operation.id === "removeIdentityProvider" ? provider : {}) };
    await done("POST", operation.path.replace("/{name}", ""), { authorization: ADMIN, body });
    return { ...shared, name };
  }
  if (!operation.params.includes("agent")) return shared;
  const fresh = await activeAgent(MINE, `m-${(made += 1)}`, { owner: DEVELOPER });
  if (operation.id === "resumeAgent") {
    // By an operator: what security or the admin suspend is held.
    const authorization = tokens.all.operator;
    await done("POST", `/api/v1/agents/${fresh.id}/suspend`, { authorization, body: {} });
  }
  return { ...shared, agent: fresh.id, key: fresh.keyId };
}

const ask = (
  operation: Operation,
  authorization: string | undefined,
  values: Readonly<Record<string, string>>,
  query = "",
  more: object = {},
): Promise<Answer> =>
  send(operation.method, pathOf(operation, values) + query, {
    authorization,
    body: operation.body === null ? undefined : { ...bodyFor(operation, `x-${(made += 1)}`), ...more },
  });

/** An answer without its request id and without the references that were asked for. */
function said(answer: Answer, ...references: readonly string[]): object {
  const hidden = [answer.headers.get("dome-request-id") ?? "", ...references];
  const strip = (text: string): string => hidden.reduce((left, each) => left.replaceAll(each, "…"), text);
  return { status: answer.status, body: strip(answer.text) };
}

const documented = (path: string, method: string): boolean =>
  Object.hasOwn(DOCUMENT.paths[path] ?? {}, method.toLowerCase());

describe("the document", () => {
  it("has every route that is mounted", () => {
    const app = createApp((raw, background) => services(raw as never, background, cedarModule), newRequestId);
    const mounted = app.routes
      .filter(({ method }) => method !== "ALL" && method !== "OPTIONS")
      .map(
        ({ method, path }) => [path.replaceAll(/:(\w+)/g, "{$1}").replace(/\*$/, "{path}"), method] as const,
      );
    expect(mounted.length).toBeGreaterThan(routes.length - 1);
    expect(mounted.filter(([path, method]) => !documented(path, method))).toEqual([]);
  });

  it("names for every operator's route a permission of the table, but for the one that says who one is", () => {
    expect(open.filter((operation) => permissionOf(operation) === null).map(({ id }) => id)).toEqual([
      "showOperatorSelf",
    ]);
  });

  it("asks for a permission to read where nothing is changed, and only there", () => {
    const reads = (operation: Operation): boolean =>
      /:(?:read|introspect)$/.test(permissionOf(operation) ?? "");
    const guarded = open.filter((operation) => permissionOf(operation) !== null);
    expect(guarded.filter((each) => reads(each) !== (each.method === "GET")).map(({ id }) => id)).toEqual([]);
  });
});

describe("a role", () => {
  it.each(table(open))(
    "%s: may what the table says in its own workspace, and hears 403 otherwise",
    async (_name, operation) => {
      for (const [reach, workspaces] of [
        ["all", null],
        ["own", [MINE]],
      ] as const) {
        for (const role of ROLES) {
          const named = operation.query.includes("workspace") ? `?workspace=${MINE}` : "";
          const within =
            operation.id === "approveToolOperation" && SEARCH_HASH.ok
              ? { hash: SEARCH_HASH.value.hash }
              : operation.id === "identifyKey"
                ? { api_key: (await activeAgent(MINE, `m-${(made += 1)}`, { owner: DEVELOPER })).key }
                : takesWorkspace(operation)
                  ? { workspace: MINE }
                  : {};
          const target = await targetFor(operation);
          const answering = OF_PINS.includes(operation.id)
            ? vi.spyOn(globalThis, "fetch").mockImplementation(SERVER.answer)
            : null;
          const answer = await ask(operation, tokens[reach][role], target, named, within);
          answering?.mockRestore();
          const allowed = refusalOf(operation, role, workspaces) === null;
          const expected = allowed ? declaredSuccesses(operation) : [403];
          const heard = expected.includes(answer.status) ? "as expected" : answer.text;
          expect({ role, reach, heard }).toEqual({ role, reach, heard: "as expected" });
        }
      }
    },
    60_000,
  );

  it.each(table(open))(
    "%s: hears of another workspace what it hears of none (P11)",
    async (_name, operation) => {
      for (const role of ROLES) {
        for (const { there, nowhere } of elsewhere(operation)) {
          const [foreign, absent] = await Promise.all(
            [there, nowhere].map(async ({ values, query, body, references }) =>
              said(
                await ask(operation, tokens.own[role], { ...namesOf(mine), ...values }, query, body),
                ...references,
              ),
            ),
          );
          const status = refusalOf(operation, role, [MINE]) === null ? 404 : 403;
          expect({ role, ...foreign }).toMatchObject({ role, status });
          expect(absent).toEqual(foreign);
        }
      }
    },
    60_000,
  );
});

describe("a developer", () => {
  const naming = open.filter(({ params }) => params.includes("agent"));

  it.each(table(naming))(
    "%s: hears of somebody else's agent what it hears of none (P11)",
    async (_name, operation) => {
      const status = refusalOf(operation, "developer", [MINE]) === null ? 404 : 403;
      for (const reach of ["all", "own"] as const) {
        const nobody = ids.next("agt");
        const [other, none] = await Promise.all(
          [mine.agent.id, nobody].map(async (agent) =>
            said(
              await ask(
                operation,
                tokens[reach].developer,
                { ...namesOf(mine), agent },
                `?workspace=${MINE}`,
              ),
              agent,
            ),
          ),
        );
        expect(other).toMatchObject({ status });
        expect(none).toEqual(other);
      }
    },
  );
});

describe("a credential that is no good", () => {
  let dead: readonly string[];

  beforeAll(async () => {
    const past = Date.now() - 1;
    const gone = await Promise.all([
      operatorToken({ role: "admin", revokedAt: past }),
      operatorToken({ role: "admin", expiresAt: past }),
      unstoredKey("operator"),
    ]);
    dead = [...gone, madeUpKey("operator")].map(bearer);
  });

  it.each(table(open))("%s: opens nothing, and all say the same (P11)", async (_name, operation) => {
    const none = await ask(operation, undefined, namesOf(mine));
    expectProblem(none, "unauthenticated");
    // At a door for both, an agent's key is good.
    const wrong = operation.by === "either" ? dead : [...dead, bearer(mine.agent.key)];
    const answers = await Promise.all(
      wrong.map(async (authorization) => ask(operation, authorization, namesOf(mine))),
    );
    expect(answers.length).toBeGreaterThan(3);
    for (const answer of answers) {
      expectProblem(answer, "invalid_token");
      expect(said(answer)).toEqual(said(answers[0] ?? answer));
    }
  });

  it.each(table(OPERATIONS.filter(({ by }) => by === "agent")))(
    "%s: an operator's token is none for an agent's route, whatever its role",
    async (_name, operation) => {
      for (const role of ROLES) {
        const answer = await ask(operation, tokens.all[role], namesOf(mine));
        expect(expectProblem(answer, "invalid_token").status).toBe(401);
      }
    },
  );

  it.each(table(OPERATIONS.filter(({ by }) => by === "anyone")))(
    "%s: is not asked for where anyone may come",
    async (_name, operation) => {
      for (const authorization of [undefined, dead[0]]) {
        expect((await ask(operation, authorization, namesOf(mine))).status).toBe(200);
      }
    },
  );
});

interface Elsewhere {
  readonly values: Readonly<Record<string, string>>;
  readonly query: string;
  readonly body: object;
  /** How the request names what it asks for; the answer may repeat it. */
  readonly references: readonly string[];
}

/** The ways in which a request may point into another workspace, each beside one that points nowhere. */
function elsewhere(operation: Operation): readonly { there: Elsewhere; nowhere: Elsewhere }[] {
  const at = (values: Readonly<Record<string, string>>, query = "", body: object = {}): Elsewhere => ({
    values,
    query,
    body,
    references: [
      ...Object.values(values),
      ...Object.values(body).map(String),
      query.split("=")[1] ?? "",
    ].filter((reference) => reference !== ""),
  });
  const { params, query } = operation;
  if (params.includes("agent")) {
    const { id, name } = theirs.agent;
    return [
      { there: at({ agent: id }), nowhere: at({ agent: ids.next("agt") }) },
      { there: at({ agent: name }), nowhere: at({ agent: "nobody" }) },
      { there: at({ agent: name }, "?workspace=theirs"), nowhere: at({ agent: name }, "?workspace=nowhere") },
    ];
  }
  if (params.includes("workspace")) {
    return [
      { there: at({ workspace: "theirs" }), nowhere: at({ workspace: "nowhere" }) },
      { there: at({ workspace: theirs.workspace.id }), nowhere: at({ workspace: ids.next("wsp") }) },
    ];
  }
  if (query.includes("workspace")) {
    return [{ there: at({}, "?workspace=theirs"), nowhere: at({}, "?workspace=nowhere") }];
  }
  if (takesWorkspace(operation)) {
    return [{ there: at({}, "", { workspace: "theirs" }), nowhere: at({}, "", { workspace: "nowhere" }) }];
  }
  return [];
}

/** True when the body may say in which workspace. */
function takesWorkspace(operation: Operation): boolean {
  const route = routes.find(({ operationId }) => operationId === operation.id);
  const { body } = route ?? {};
  return body !== undefined && "shape" in body && "workspace" in (body.shape as object);
}
