/**
 * A change of what is allowed cuts the calls that would be denied now, on both sides, and says which rule it was. It does
 * not disturb any other call (P1).
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { watchedBindings } from "../support/observed-bindings.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  eventually,
  freshWorkspace,
  operator,
  token,
  worker,
  type Registered,
} from "../support/worker-api.ts";
import { AT, exchanged } from "./exchange.fixture.ts";

const api = operator();
let home: string;
/** Of the calls to the server, by their query: aborted when Dome closes the connection. */
const signals = new Map<string, AbortSignal>();
let calls = 0;

const LATER = { timeout: 15_000 };
const SURFACE = { tools: ["crm"], pools: [], integrations: [] };

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ workspace: home, name: "crm", kind: "http", url: "https://crm.example.com" });
});

/** The server's answers say `first`, and then nothing until the connection is closed. */
beforeEach(() => {
  signals.clear();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const { signal } = init ?? {};
    if (signal == null) throw new Error("a call that nobody can end");
    signals.set(new URL(input as string).search, signal);
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      controller.enqueue(new TextEncoder().encode("first"));
      signal.addEventListener("abort", () => controller.error(new Error("closed")));
    };
    return new Response(new ReadableStream<Uint8Array>({ start }));
  });
});
afterEach(() => vi.restoreAllMocks());

interface Open {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly signal: AbortSignal;
}

/** A stream that has begun. */
async function open(credential: string, path = "/tools/crm/s", body?: object, door = worker): Promise<Open> {
  const headers = { authorization: `Bearer ${credential}`, "content-type": "application/json" };
  const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  const marked = `?call=${(calls += 1)}`;
  const response = await door(new Request(TEST_ISSUER + path + marked, init));
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
  return { reader, signal: signals.get(marked) as AbortSignal };
}

/** Waits for the end of a stream. */
const ends = ({ reader }: Open): Promise<string> =>
  reader.read().then(
    () => "went on",
    () => "cut",
  );

const outcomesOf = (agent: Pick<Registered, "id">) =>
  api.audit({ workspace: home, kind: "call.outcome", agent: agent.id });

/** Waits until a stream is cut on both sides. @returns its outcome. */
async function cutOf(stream: Open, agent: Pick<Registered, "id">): Promise<unknown> {
  expect([await ends(stream), stream.signal.aborted]).toEqual(["cut", true]);
  return eventually(async () => {
    const [outcome] = await outcomesOf(agent);
    if (outcome === undefined) throw new Error("no outcome yet");
    return outcome;
  });
}

const CUT = { outcome: "cut", data: { kind: "no_longer_allowed", who: "policy" } };

const started = (name: string, more: object = {}): Promise<Registered> =>
  api.start({ name, workspace: home, surface: SURFACE, ...more });

async function activated(source: string, scope = "workspace"): Promise<void> {
  const at = (path: string): string => `/policies/${scope}${path}?workspace=${home}`;
  const pushed = await api.call("POST", at("/versions"), { body: { source } });
  expect(pushed.body).toMatchObject({ active: false });
  const { version } = pushed.body as { version: number };
  expect((await api.call("POST", at("/activate"), { body: { version } })).status).toBe(200);
}

const toolNamed = async (name: string, more: object = {}): Promise<void> => {
  await api.addTool({ workspace: home, name, kind: "http", url: `https://${name}.example.com`, ...more });
};

async function removed(tool: string): Promise<void> {
  const { status } = await api.call("DELETE", `/tools/${tool}?workspace=${home}&force=true`);
  expect(status).toBe(200);
}

describe("an open call is cut when what it does is not allowed any more:", () => {
  it("its agent's surface was narrowed", async () => {
    const agent = await started("narrowed");
    const stream = await open(agent.secret);
    await api.update(agent.id, { surface: { tools: [] } });
    expect(await cutOf(stream, agent)).toMatchObject({
      ...CUT,
      reason: "surface_undeclared",
      layer: "surface",
    });
  });

  it("its tool was removed", async () => {
    await toolNamed("gone");
    const agent = await started("of-a-removed-tool", { surface: { tools: ["gone"] } });
    const stream = await open(agent.secret, "/tools/gone/s");
    await removed("gone");
    expect(await cutOf(stream, agent)).toMatchObject({ ...CUT, reason: "catalog_missing", layer: "catalog" });
  });

  it("its tool has another server now, so that nobody has allowed the one that it was sent to", async () => {
    await toolNamed("moved");
    const agent = await started("of-a-moved-tool", { surface: { tools: ["moved"] } });
    const stream = await open(agent.secret, "/tools/moved/s");
    const { status } = await api.call("PATCH", `/tools/moved?workspace=${home}`, {
      body: { url: "https://elsewhere.example.com" },
    });
    expect(status).toBe(200);
    expect(await cutOf(stream, agent)).toMatchObject({ ...CUT, reason: "catalog_missing", layer: "catalog" });
  });

  it("its chain is longer than the tier allows now", async () => {
    const tier = "shallow";
    await api.call("POST", "/tiers", { body: { name: tier, like: "standard", max_chain_depth: 2 } });
    const child = await started("deep-child", { tier });
    const parent = await started("deep-parent", { tier, delegates_to: ["deep-child"] });
    const { token: both } = await exchanged(child, {
      subject_token: await token(parent.secret),
      subject_token_type: AT,
    });
    const stream = await open(both);
    await api.call("PATCH", `/tiers/${tier}`, { body: { max_chain_depth: 1 } });
    expect(await cutOf(stream, child)).toMatchObject({ ...CUT, reason: "tier_limit", layer: "tier" });
  });

  it("another agent of its chain has lost the tool (P6)", async () => {
    const child = await started("narrow-child");
    const parent = await started("narrow-parent", { delegates_to: ["narrow-child"] });
    const { token: both } = await exchanged(child, {
      subject_token: await token(parent.secret),
      subject_token_type: AT,
    });
    const stream = await open(both);
    await api.update(parent.id, { surface: { tools: [] } });
    expect(await cutOf(stream, child)).toMatchObject({ ...CUT, reason: "surface_undeclared" });
  });

  it("a new policy forbids its arguments, and only the call that has them", async () => {
    const body = { type: "object", properties: { amount: { type: "integer" } }, required: ["amount"] };
    const schema = { type: "object", properties: { body }, required: ["body"] };
    await toolNamed("bank", { operations: ["POST /pay"], argument_schemas: { "POST /pay": schema } });
    const agent = await started("payer", { surface: { tools: ["bank"] } });
    const large = await open(agent.secret, "/tools/bank/pay", { amount: 500 });
    const small = await open(agent.secret, "/tools/bank/pay", { amount: 5 });
    await activated(`@id("no-large-payments")
@reason("Payments above 100 need a person.")
forbid (principal, action, resource == Dome::HTTPRoute::"bank/POST /pay")
when { context.arguments.body.amount > 100 };`);
    expect(await cutOf(large, agent)).toMatchObject({
      ...CUT,
      reason: "policy_forbidden",
      layer: "policy",
      policies: ["workspace/no-large-payments"],
      bundle_version: expect.stringMatching(/^workspace:/) as string,
    });
    expect(small.signal.aborted).toBe(false);
    await small.reader.cancel();
  });
});

describe("a change that does not concern an open call", () => {
  it("leaves it alone: another agent's, another tool's, a policy on something else, and a tier, also with a token", async () => {
    await toolNamed("other");
    const agent = await started("undisturbed");
    const bystander = await started("bystander", { surface: { tools: ["crm", "other"] } });
    const [raw, minted] = [await open(agent.secret), await open(await token(agent.secret))];
    await api.update(bystander.id, { surface: { tools: ["crm"] } });
    await api.update(agent.id, { description: "The same work.", surface: { tools: ["crm", "other"] } });
    await removed("other");
    await activated(
      `@id("not-the-bystander") forbid (principal == Dome::Agent::"${bystander.id}", action, resource);`,
    );
    await api.call("POST", "/tiers", { body: { name: "unused", like: "standard" } });
    // What comes last is seen last: an agent that this change does concern is cut.
    const marker = await started("marker");
    const marked = await open(await token(marker.secret));
    await activated(
      `@id("not-the-marker") forbid (principal == Dome::Agent::"${marker.id}", action, resource);`,
    );
    expect(await ends(marked)).toBe("cut");
    expect([raw.signal.aborted, minted.signal.aborted]).toEqual([false, false]);
    await Promise.all([raw.reader.cancel(), minted.reader.cancel()]);
    await expect
      .poll(async () => (await outcomesOf(agent)).map(({ reason }) => reason), LATER)
      .toEqual(["caller_gone", "caller_gone"]);
  });
});

it("many open calls that see one change have its rows read for them once, and each agent's own once", async () => {
  const uses: string[] = [];
  const door = await anotherIsolate(watchedBindings((use) => void uses.push(use)));
  const agent = await started("many");
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => open(agent.secret, "/tools/crm/s", undefined, door)),
  );
  uses.length = 0;
  await activated(`@id("none-for-many") forbid (principal == Dome::Agent::"${agent.id}", action, resource);`);
  expect(await Promise.all(streams.map(ends))).toEqual(streams.map(() => "cut"));
  expect(uses.filter((use) => use === "DB.batch")).toHaveLength(2);
});

describe("a call that has no answer yet", () => {
  it("is answered as the denied call that it is now, and may have had its effect", async () => {
    const agent = await started("waiting");
    vi.spyOn(globalThis, "fetch").mockImplementation(
      (input, init) =>
        new Promise((_resolve, reject) => {
          signals.set(new URL(input as string).search, init?.signal as AbortSignal);
          init?.signal?.addEventListener("abort", () => reject(new Error("closed")));
        }),
    );
    const headers = { authorization: `Bearer ${await token(agent.secret)}` };
    const answer = worker(new Request(`${TEST_ISSUER}/tools/crm/x`, { headers }));
    await expect.poll(() => signals.size).toBe(1);
    await api.update(agent.id, { surface: { tools: [] } });
    const response = await answer;
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: "denied",
      who: "policy",
      reason: "surface_undeclared",
      detail: expect.stringContaining("may have had its effect") as string,
    });
    await expect
      .poll(() => outcomesOf(agent), LATER)
      .toMatchObject([{ outcome: "cut", reason: "surface_undeclared" }]);
  });
});
