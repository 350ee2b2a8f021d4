/**
 * P12: one Idempotency-Key is one request. Of each two mutations of one agent, one workspace or the installation the second is
 * refused under the key of the first, wherever their answers are kept: stops keep theirs in the object, and need no D1.
 */
import { beforeAll, describe, expect, it, vi, afterEach } from "vitest";
import { mcpAnswers } from "../support/mcp-answers.ts";
import { bearer, expectProblem, send, type Answer } from "./calls.fixture.ts";
import {
  activeAgent,
  ADMIN,
  command,
  makeTenant,
  makeWorkspace,
  namesOf,
  operatorToken,
  registerAgent,
  type TestAgent,
} from "./installation.fixture.ts";
import { bodyFor, OPERATIONS, pathOf, type Operation, SEARCH } from "./routes.fixture.ts";

type Owner = "agent" | "workspace" | "org";

/** They change nothing that an owner object has, or what is done twice is as if it were done once. */
const NO_CHANGE = [
  "identifyKey",
  "replayAudit",
  "rewrapRootKey",
  "testIdentityProvider",
  "testTool",
  "validatePolicy",
  "replayDecisions",
  "redeclareAgentItems", // where nothing has lapsed
  "decideAfresh",
  "createTestToken",
];
const OF_ALL = /^\/api\/v1\/(?:operators|tiers|signing-keys|root-keys?|test-users)/;

function ownerOf({ id, path }: Operation): Owner {
  if (path.startsWith("/api/v1/agents/{agent}")) return "agent";
  return id === "createWorkspace" || OF_ALL.test(path) ? "org" : "workspace";
}

const MUTATIONS = OPERATIONS.filter(
  ({ id, method, by }) => method !== "GET" && by === "operator" && !NO_CHANGE.includes(id),
);
const of = (owner: Owner) => MUTATIONS.filter((operation) => ownerOf(operation) === owner);

let tries = 0;
const fresh = (what: string): string => `${what}-${(tries += 1)}`;

/** One mutation under a key, with a body that it takes. */
function under(
  key: string,
  operation: Operation,
  authorization: string,
  names: Readonly<Record<string, string>>,
): Promise<Answer> {
  const body = operation.body === null ? undefined : bodyFor(operation, fresh("text"));
  const headers = { "idempotency-key": key };
  const forced = operation.query.includes("force") ? "?force=true" : "";
  return send(operation.method, pathOf(operation, names) + forced, { authorization, headers, body });
}

/** Every other mutation after `first`, under its key. @returns those that were not refused for it. */
async function taken(
  first: Operation,
  all: readonly Operation[],
  authorization: string,
  names: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const key = fresh("one-key");
  const wrongly: string[] = [];
  const made = await under(key, first, authorization, names);
  expect([made.status, made.text]).toEqual([expect.toBeOneOf([200, 201, 202]), expect.any(String)]);
  for (const second of all.filter(({ id }) => id !== first.id)) {
    const { status, text } = await under(key, second, authorization, names);
    const isGone = second.method !== "POST" && status === 404; // what the first has removed is not there
    if (!isGone && !text.includes('"idempotency_mismatch"')) wrongly.push(`${second.id} ${status}`);
  }
  return wrongly;
}

afterEach(() => vi.restoreAllMocks());

describe("one Idempotency-Key for two requests to one agent is refused", () => {
  let home: Readonly<Record<string, string>>;
  beforeAll(async () => {
    home = namesOf(await makeTenant("home", "crm"));
  });

  async function agentFor({ id }: Operation): Promise<TestAgent> {
    if (id === "activateAgent") return registerAgent("home", fresh("agent"));
    const agent = await activeAgent("home", fresh("agent"));
    if (id === "resumeAgent") await command(agent, "suspend");
    return agent;
  }

  it.each(of("agent").map((operation) => [operation.id, operation] as const))(
    "after %s",
    async (_name, first) => {
      const agent = await agentFor(first);
      const names = { ...home, agent: agent.id, key: agent.keyId };
      expect(await taken(first, of("agent"), ADMIN, names)).toEqual([]);
    },
  );
});

describe("one Idempotency-Key for two requests to one workspace is refused", () => {
  it.each(of("workspace").map((operation) => [operation.id, operation] as const))(
    "after %s",
    async (_name, first) => {
      const name = fresh("place");
      const names = namesOf(await makeTenant(name, "crm"));
      vi.spyOn(globalThis, "fetch").mockImplementation(mcpAnswers([SEARCH]).answer);
      const token = await operatorToken({ role: "admin", workspaces: [name] });
      expect(await taken(first, of("workspace"), bearer(token), names)).toEqual([]);
    },
  );

  it("also by a registration that was refused: its key is free again", async () => {
    const name = fresh("place");
    await makeWorkspace(name);
    const authorization = bearer(await operatorToken({ role: "admin", workspaces: [name] }));
    const headers = { "idempotency-key": fresh("one-key") };
    const wrong = { authorization, headers, body: { name: "bot", tier: "none" } };
    expectProblem(await send("POST", "/api/v1/agents", wrong), "unknown_reference");
    const halt = await send("POST", `/api/v1/workspaces/${name}/halt`, { authorization, headers, body: {} });
    expect(halt.status).toBe(202);
  });
});

describe("one Idempotency-Key for two requests to the installation is refused", () => {
  it.each(of("org").map((operation) => [operation.id, operation] as const))(
    "after %s",
    async (_name, first) => {
      const names = namesOf(await makeTenant(fresh("place"), "crm"));
      expect(await taken(first, of("org"), ADMIN, names)).toEqual([]);
    },
  );
});
