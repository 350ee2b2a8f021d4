/** An agent's event stream of a running server: through the client, and through `dome agents events`, over a halt and its end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AgentClient, type HeardEvent } from "../../src/client/agent-client.ts";
import { ControlPlane } from "../../src/client/control-plane.ts";
import type { AgentEvent } from "../../src/contract/agent-event.ts";
import { CLI, endEverything, startServer, type RunningServer } from "../support/server.ts";

let server: RunningServer;
let plane: ControlPlane;

beforeAll(async () => {
  server = await startServer();
  plane = new ControlPlane({ url: server.url, token: server.adminToken });
});
afterAll(endEverything);

async function start(
  name: string,
): Promise<{ readonly id: string; readonly key: string; readonly home: string }> {
  const home = (await plane.workspaces.create({ name: `home-of-${name}` })).name;
  await plane.tools.add({ workspace: home, name: "crm" });
  const { agent, api_key } = await plane.agents.register({
    name,
    workspace: home,
    surface: { tools: ["crm"], pools: [], integrations: [] },
  });
  await plane.agents.activate({ agent: agent.id });
  return { id: agent.id, key: api_key.secret ?? "", home };
}

const types = (heard: readonly { readonly event: AgentEvent }[]): string[] =>
  heard.map(({ event }) => event.type);

/** Everything up to the end of the connection. */
async function rest(events: AsyncGenerator<HeardEvent>): Promise<string[]> {
  const heard: HeardEvent[] = [];
  for await (const each of events) heard.push(each);
  return types(heard);
}

it("tells of the agent, of its workspace's catalog, and of a halt, which ends it", async () => {
  const { id, key, home } = await start("listener");
  const client = new AgentClient({ url: server.url, token: key });
  const events = client.events();
  const next = async (): Promise<AgentEvent["type"] | undefined> =>
    ((await events.next()).value as HeardEvent | undefined)?.event.type;
  expect(await next()).toBe("state");
  await plane.keys.issue({ agent: id });
  expect(await next()).toBe("keys.changed");
  await plane.tools.update("crm", { description: "changed" }, home);
  expect(await next()).toBe("surface.updated");
  await plane.workspaces.stop(home);
  expect(await rest(events)).toEqual(["workspace.halted"]);
});

it("is followed by `dome agents events`, which ends with the agent", async () => {
  const { id, key } = await start("follower");
  const cli = spawn(process.execPath, [CLI, "agents", "events", "--json", "--after", "0"], {
    env: { ...server.clientEnv, DOME_AGENT_KEY: key },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(cli, "exit");
  const lines: AgentEvent[] = [];
  for await (const line of createInterface({ input: cli.stdout })) {
    lines.push(JSON.parse(line) as AgentEvent);
    if (lines.length === 2) await plane.agents.suspend({ agent: id }, { drain_seconds: 600 });
    if (lines.at(-1)?.type === "agent.draining") await plane.agents.revoke({ agent: id });
  }
  expect(lines.map(({ type }) => type)).toEqual([
    "state",
    "agent.activated",
    "agent.draining",
    "agent.revoked",
  ]);
  expect((await ended)[0]).toBe(0);
});
