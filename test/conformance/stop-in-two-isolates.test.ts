/**
 * A stop reaches every isolate (P3): two Workers of one bundle, as Cloudflare runs one on many machines, with a database,
 * objects and a queue in common and nothing else. The server behind the tool is a process of its own, and counts.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import type { AuditEntry } from "../../src/contract/audit.ts";
import { TEST_ADMIN_TOKEN } from "../support/fixed-secrets.ts";
import { serveHttpApi, type HttpApi } from "../support/http-api/serve.ts";
import { exchange, type Exchanged } from "../support/http-exchange.ts";
import { startRuntime, type Runtime } from "./runtime.fixture.ts";

let api: HttpApi;
let runtime: Runtime;
let plane: ControlPlane;

beforeAll(async () => {
  api = await serveHttpApi();
  const publicUrl = "https://dome.example";
  runtime = await startRuntime({ sink: "queue", publicUrl, egressAllow: api.origin, doors: 2 });
  plane = new ControlPlane({ url: runtime.url, token: TEST_ADMIN_TOKEN });
  await plane.workspaces.create({ name: "default" });
  await plane.tools.add({ name: "api", kind: "http", url: api.origin });
}, 60_000);

afterAll(async () => {
  await runtime.stop();
  api.close();
});

async function started(
  name: string,
  parent: string | null,
): Promise<{ readonly id: string; readonly key: string }> {
  const surface = { tools: ["api"], pools: [], integrations: [] };
  const { agent, api_key } = await plane.agents.register({ name, parent, tier: "trusted", surface });
  await plane.agents.activate({ agent: agent.id });
  return { id: agent.id, key: api_key.secret ?? "" };
}

/** Calls at every door: their server says something, or nothing at all, and then nothing until Dome ends the call. */
const open = (key: string, each: Readonly<Record<string, number>>): Promise<Exchanged | null>[] =>
  runtime.doors.flatMap((door) =>
    Object.entries(each).flatMap(([how, count]) =>
      Array.from({ length: count }, () =>
        exchange(`${door}/tools/api/lies/${how}`, { headers: { authorization: `Bearer ${key}` } }).catch(
          () => null,
        ),
      ),
    ),
  );

async function records(kind: string): Promise<AuditEntry[]> {
  const found: AuditEntry[] = [];
  for await (const entry of plane.audit.list({ kind })) found.push(entry);
  return found;
}

it("cuts fifty calls of a family in two isolates, at the caller and at the server, and its receipt counts them (P3)", async () => {
  const parent = await started("parent", null);
  const child = await started("child", parent.id);
  const stranger = await started("stranger", null);
  const calls = [
    ...open(parent.key, { "silent-after-an-event": 10, "silent-at-once": 3, "silent-in-its-body": 2 }),
    ...open(child.key, { "silent-after-an-event": 10 }),
  ];
  const spared = open(stranger.key, { "silent-after-an-event": 1 });
  expect(calls).toHaveLength(50);
  await expect.poll(async () => (await api.counts()).open, { timeout: 20_000 }).toBe(52);
  const { halt } = await plane.agents.suspend({ agent: parent.id }, { cascade: true }, "effective");
  const ended = await Promise.all(calls);
  // Where there was no answer yet, the client is told why: that it is stopped, or that its lease was not renewed in time.
  const broken = ended.filter((call) => call?.status === 200 && !call.isWhole);
  const refused = ended.filter((call) => call?.status === 401 || call?.status === 503);
  expect([broken.length, refused.length]).toEqual([44, 6]);
  await expect.poll(async () => (await api.counts()).open).toBe(2);
  const receipt = () => plane.agents.halt({ agent: parent.id }, halt?.id ?? "");
  await expect.poll(async () => (await receipt()).acts_cut, { timeout: 30_000 }).toBe(50);
  expect((await receipt()).cascade).toMatchObject({ total: 2, complete: true });
  const outcomes = await records("call.outcome");
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 50 }, () => "cut"));
  const producers = Map.groupBy(outcomes, ({ producer }) => producer);
  expect([...producers.keys()].every((producer) => producer.startsWith("iso:"))).toBe(true);
  expect([...producers.values()].map(({ length }) => length)).toEqual([25, 25]);

  await plane.agents.suspend({ agent: stranger.id });
  await Promise.all(spared);
  await expect.poll(async () => (await api.counts()).open).toBe(0);
}, 120_000);
