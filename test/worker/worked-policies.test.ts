/**
 * The policies of docs/policies, in force: pushed, activated, and asked by agents with their keys, tokens and users. Each case
 * that a door can show today is decided as its file says. What the broker will know of models, and what a platform says of a
 * caller's place, no case has here; the clock is moved on to the weekday and the hour of a case.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { cedarModule } from "../../src/cedar-module.ts";
import { decideCase } from "../../src/cli/policy-tests/decide-case.ts";
import { bundlesOf, loadBundles } from "../../src/cli/policy-tests/load-bundles.ts";
import { readTestFile } from "../../src/cli/policy-tests/read-test-file.ts";
import type { TestCase, TestFile } from "../../src/cli/policy-tests/test-file.ts";
import type { Decision } from "../../src/contract/check.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { defined } from "../../src/kernel/defined.ts";
import { Cedar } from "../../src/policy/cedar.ts";
import { PolicyEngine } from "../../src/policy/engine.ts";
import { advanceTo } from "../support/moved-time.ts";
import { answering, testIdp, type TestIdp } from "../support/test-idp.ts";
import { call, freshWorkspace, operator, worker, type Registered } from "../support/worker-api.ts";
import { chainOf } from "./exchange.fixture.ts";

const api = operator();
const PROVIDERS = ["login", "partner"] as const;
const texts = import.meta.glob("../../docs/policies/*", { query: "?raw", import: "default", eager: true });
const textOf = (file: string): string => texts[`../../docs/policies/${file}`] ?? "";
const FILES = Object.keys(texts)
  .filter((path) => path.endsWith(".test.yaml"))
  .map((path) => path.replace(/^.*\//, "").replace(".test.yaml", ""));

let idps: Readonly<Record<string, TestIdp>>;

beforeAll(async () => {
  const made = await Promise.all(PROVIDERS.map((name) => testIdp(`https://${name}.worked.example`)));
  answering(...made);
  idps = Object.fromEntries(PROVIDERS.map((name, index) => [name, made[index] as TestIdp]));
});
afterAll(() => {
  vi.restoreAllMocks();
});

function testsOf(file: string): TestFile {
  const read = readTestFile(textOf(`${file}.test.yaml`));
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value.tests;
}

interface Home {
  readonly workspace: string;
  readonly agents: Readonly<Record<string, Registered>>;
}

/** The world of a file, in a workspace of its own. */
async function homeOf({ world }: TestFile): Promise<Home> {
  const workspace = await freshWorkspace("worked");
  const tools = Object.entries(world.tools ?? {});
  for (const [name, entry] of tools) {
    const operations = Object.entries(entry?.operations ?? {});
    const schemas = operations.flatMap(([operation, said]) =>
      said?.arguments === undefined ? [] : [[operation, said.arguments] as const],
    );
    await api.addTool({
      name,
      workspace,
      ...defined({
        operations: operations.length === 0 ? undefined : operations.map(([operation]) => operation),
        argument_schemas: schemas.length === 0 ? undefined : Object.fromEntries(schemas),
      }),
    });
  }
  for (const [name, entry] of Object.entries(world.pools ?? {}))
    await api.addPool({
      name,
      workspace,
      models: entry?.models === undefined ? null : Object.keys(entry.models),
    });
  for (const name of world.integrations ?? []) await api.addIntegration({ name, workspace });
  const agents = await agentsOf(world, workspace);
  for (const name of PROVIDERS) {
    const audiences = Object.keys(agents).map((agent) => ({ audience: `app-${agent}`, agent }));
    const body = { name, workspace, issuer: idps[name]?.issuer, audiences, groups_claim: "groups" };
    await api.call("POST", "/identity-providers", { body });
  }
  return { workspace, agents };
}

/** Parents come before their children in each file. */
async function agentsOf(world: TestFile["world"], workspace: string): Promise<Home["agents"]> {
  const names = Object.keys(world.agents);
  const agents: Record<string, Registered> = {};
  for (const name of names) {
    const { tier, labels, parent } = world.agents[name] ?? {};
    agents[name] = await api.start({
      name,
      workspace,
      surface: {
        tools: Object.keys(world.tools ?? {}),
        pools: Object.keys(world.pools ?? {}),
        integrations: world.integrations ?? [],
      },
      delegates_to: names.filter((other) => other !== name),
      ...defined({ tier, labels, parent: parent === undefined ? undefined : agents[parent]?.id }),
    });
  }
  return agents;
}

/** The file of policies, about the agents of this installation. */
const policiesOf = (file: string, { world }: TestFile, { agents }: Home): string =>
  Object.entries(world.agents).reduce(
    (text, [name, agent]) =>
      agent?.id === undefined ? text : text.replaceAll(agent.id, agents[name]?.id ?? ""),
    textOf(file),
  );

async function putInForce(tests: TestFile, home: Home): Promise<void> {
  const { organization, workspace, tiers = {} } = tests.policies;
  const scopes: Readonly<Record<string, string | undefined>> = {
    organization,
    workspace,
    ...Object.fromEntries(Object.entries(tiers).map(([tier, file]) => [`tier:${tier}`, file])),
  };
  for (const [scope, file] of Object.entries(scopes)) {
    if (file === undefined) continue;
    const source = policiesOf(file, tests, home);
    const at = `/policies/${scope}`;
    const where = `?workspace=${home.workspace}`;
    expect(await api.call("POST", `${at}/versions${where}`, { body: { source } })).toMatchObject({
      status: 201,
    });
    expect(await api.call("POST", `${at}/activate${where}`, { body: {} })).toMatchObject({ status: 200 });
  }
}

/** What no door can show today. */
function isShown(
  { world }: TestFile,
  { tool, model, action, request, delegate_to: other }: TestCase,
): boolean {
  const [name = "", part = ""] = (tool ?? model ?? "").split("/");
  const isReviewed = world.tools?.[name]?.operations?.[part]?.read_only === true;
  const isKnown = world.pools?.[name]?.models?.[part]?.region !== undefined;
  return !isReviewed && !isKnown && request === undefined && other === undefined && action === undefined;
}

async function asked({ agents }: Home, each: TestCase): Promise<Decision> {
  const { agent, on_behalf_of: others = [], tool, model, integration, arguments: args, actas } = each;
  const [first, ...later] = [agent, ...others].toReversed().map((name) => agents[name] as Registered);
  if (first === undefined) throw new Error("a chain has an agent");
  const credential = later.length === 0 ? first.secret : await chainOf(first, ...later);
  const idToken = await idps[actas?.provider ?? ""]?.sign({
    sub: "alice",
    aud: `app-${agent}`,
    ...defined({
      groups: actas?.groups,
      email: actas?.email,
      email_verified: actas?.email === undefined ? undefined : true,
    }),
  });
  const answer = await call(worker, credential, "POST", "/api/v1/check", {
    body: defined({ tool, model, integration, arguments: args }),
    headers: defined({ "dome-act-as": idToken }),
  });
  expect(answer.status).toBe(200);
  return answer.body as Decision;
}

/** The policies of a decision by `@id`, as most cases name them. */
const told = ({ decision, reason, policies }: Pick<Decision, "decision" | "reason" | "policies">) => ({
  decision,
  reason,
  policies: policies.map((name) => name.replace(/^.*\//, "")),
});

/** What `dome policy test` says of a case. */
async function offline(tests: TestFile, each: TestCase) {
  const read = readTestFile(JSON.stringify(tests));
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const cedar = new Cedar(cedarModule);
  const loaded = await loadBundles(cedar, "", read.value, (file) =>
    Promise.resolve({ file, text: textOf(file) }),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const { policies, ...verdict } = decideCase(
    new PolicyEngine(cedar),
    bundlesOf(loaded.value),
    tests.world,
    each,
  );
  return told({ ...verdict, policies: policies.map(({ id }) => id) });
}

const WEEK_MS = 7 * 24 * 3_600_000;

/** The next time that is the same weekday and time of day, in UTC. */
function nextOccurrence(time: string): number {
  const at = Date.parse(time);
  return at + WEEK_MS * Math.max(0, Math.ceil((systemClock.now() - at) / WEEK_MS));
}

/** Those that move the clock on come last: the identity providers keep the time of the machine. */
const isTimed = (file: string): boolean => testsOf(file).cases.some(({ time }) => time !== undefined);
const IN_ORDER = [...FILES.filter((file) => !isTimed(file)), ...FILES.filter(isTimed)];

describe.each(IN_ORDER)("docs/policies/%s", (file) => {
  const tests = testsOf(file);
  const shown = tests.cases
    .filter((each) => isShown(tests, each))
    .map((each) => ({ each, at: each.time === undefined ? 0 : nextOccurrence(each.time) }))
    .toSorted((a, b) => a.at - b.at);

  test("is decided in force as its cases say, and as they are decided offline", async () => {
    const home = await homeOf(tests);
    await putInForce(tests, home);
    for (const { each, at } of shown) {
      const expected = await offline(tests, each);
      expect(expected.decision).toBe(each.decision);
      advanceTo(at);
      const decided = async () => [each.name, told(await asked(home, each))];
      await expect.poll(decided, { timeout: 15_000 }).toEqual([each.name, expected]);
    }
  });
});

test("each of them denies something here, but for what waits for the broker", () => {
  const denies = (file: string): boolean => {
    const tests = testsOf(file);
    return tests.cases.some((each) => isShown(tests, each) && each.decision === "deny");
  };
  expect(FILES.filter((file) => !denies(file))).toEqual(["no-hosted-tools"]);
});
