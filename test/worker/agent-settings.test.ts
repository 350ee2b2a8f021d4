/** Every setting that the contract has is stored, shown and changed: one that is accepted and lost is a lie to its operator. */
import { beforeAll, expect, it } from "vitest";
import { AGENT_SETTINGS, type AgentPatch, type AgentSettingName } from "../../src/contract/agent.ts";
import { freshWorkspace, operator } from "../support/worker-api.ts";

const api = operator();
let home: string;
let parent: string;

/** A value of each that it does not have by itself. */
const SAMPLES: { readonly [M in AgentSettingName]-?: () => Exclude<AgentPatch[M], undefined> } = {
  contact: () => "#support",
  tier: () => "restricted",
  description: () => "sorts tickets",
  labels: () => ({ team: "blue" }),
  parent: () => parent,
  surface: () => ({ tools: ["zendesk"], pools: ["fast"], integrations: ["crm"] }),
  require_actas: () => "oidc",
  delegates_to: () => ["other"],
  expires_at: () => "2099-01-01T00:00:00.000Z",
  freshness: () => "always",
};
const NAMES = Object.keys(AGENT_SETTINGS) as AgentSettingName[];

beforeAll(async () => {
  home = await freshWorkspace();
  parent = (await api.register({ name: "parent", workspace: home })).id;
});

it.each(NAMES)("%s is kept when it is registered", async (setting) => {
  const name = `with-${setting.replaceAll("_", "-")}`;
  const value = SAMPLES[setting]();
  const { id } = await api.register({ name, workspace: home, [setting]: value });
  expect((await api.show(id))[setting]).toEqual(value);
});

it.each(NAMES)("%s is kept when it is changed, and nothing else is", async (setting) => {
  const { id, created } = await api.register({
    name: `then-${setting.replaceAll("_", "-")}`,
    workspace: home,
  });
  const value = SAMPLES[setting]();
  await api.update(id, { [setting]: value });
  expect(await api.show(id)).toEqual({ ...created.agent, [setting]: value, record_version: 2 });
});
