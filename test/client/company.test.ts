/**
 * A company with three workspaces, forty agents and six teams: an incident at night, an auditor's question, a rotation,
 * somebody who leaves. Each is answered with the one command that a person would type.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import type { AgentCreated } from "../../src/contract/agent.ts";
import { testIssuer } from "../../src/contract/test-users.ts";
import {
  endEverything,
  startServer,
  temporaryFolder,
  twoFreePorts,
  type RunningServer,
} from "../support/server.ts";
import { runDome, type CommandRun } from "./dome-command.ts";

const WORKSPACES = ["support", "finance", "platform"] as const;
/** Two teams in each workspace, and the person who answers for the agents of each. */
const TEAMS = [
  { team: "triage", workspace: "support", person: "bob@example.com" },
  { team: "refunds", workspace: "support", person: "carol@example.com" },
  { team: "billing", workspace: "finance", person: "bob@example.com" },
  { team: "ledgers", workspace: "finance", person: "dave@example.com" },
  { team: "builds", workspace: "platform", person: "bob@example.com" },
  { team: "search", workspace: "platform", person: "erin@example.com" },
] as const;
const AGENTS = 40;

let server: RunningServer;
let place: { readonly state: string; readonly home: string; readonly port: number };
let agents: readonly AgentCreated[];

type Who = Readonly<Record<string, string>>;

/** What somebody types behind `dome`; quotes keep words together. An agent's command needs nobody. */
const dome = (line: string, who: Who = {}): Promise<CommandRun> =>
  runDome(
    [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? ""),
    { ...server.clientEnv, ...who },
  );

const admin = (): Who => ({ DOME_URL: server.url, DOME_TOKEN: server.adminToken });

/** Somebody with a role. */
async function as(role: string, subject: string): Promise<Who> {
  const { stdout } = await dome(`operators create ${subject} --role ${role} --json`, admin());
  const created = JSON.parse(stdout) as { operator_token: { secret: string } };
  return { DOME_URL: server.url, DOME_TOKEN: created.operator_token.secret };
}

const nameOf = (n: number): string => `${TEAMS[n % TEAMS.length]?.team}-${Math.floor(n / TEAMS.length) + 1}`;

beforeAll(async () => {
  const folder = temporaryFolder();
  place = { state: join(folder, "state"), home: join(folder, "home"), port: await twoFreePorts() };
  server = await startServer({ ...place, args: ["--test-users"] });
  const plane = new ControlPlane({ url: server.url, token: server.adminToken });
  for (const name of WORKSPACES) await plane.workspaces.create({ name });
  for (const workspace of WORKSPACES) await plane.tools.add({ workspace, name: "crm" });
  const made: AgentCreated[] = [];
  for (let n = 0; n < AGENTS; n += 1) {
    const { team, workspace, person } = TEAMS[n % TEAMS.length] ?? TEAMS[0];
    const created = await plane.agents.register({
      name: nameOf(n),
      workspace,
      owner: person,
      labels: { team },
      surface: { tools: ["crm"] },
    });
    await plane.agents.activate({ agent: created.agent.id });
    made.push(created);
  }
  agents = made;
}, 120_000);

afterAll(endEverything);

const agentNamed = (name: string): AgentCreated => {
  const found = agents.find(({ agent }) => agent.name === name);
  if (found === undefined) throw new Error(`no agent ${name}`);
  return found;
};

describe("an incident at night", () => {
  const leaked = (): string => join(place.home, "leaked.key");

  it("begins with a key that somebody found: one command says whose it is", async () => {
    mkdirSync(place.home, { recursive: true });
    writeFileSync(leaked(), agentNamed("billing-1").api_key.secret ?? "", { mode: 0o600 });
    const identified = await dome(`keys identify --key-file ${leaked()}`, admin());
    expect(identified).toMatchObject({ exit: 0 });
    expect(identified.stdout).toContain("billing-1");
    expect(identified.stdout).toContain("finance");
    expect(identified.stdout).toContain("bob@example.com");
  });

  it("is stopped by team in one command, which returns when no door admits any of them", async () => {
    const security = await as("security", "sam@example.com");
    const stopped = await dome(
      `agents suspend --label team=billing --workspace finance --reason "leaked key" --yes --wait`,
      security,
    );
    expect(stopped.exit).toBe(0);
    const listed = await dome("agents list --label team=billing --workspace finance --json", security);
    const states = JSON.parse(listed.stdout) as { state: string }[];
    expect(states.map(({ state }) => state)).toEqual(states.map(() => "suspended"));
    expect(states.length).toBe(agents.filter(({ agent }) => agent.labels["team"] === "billing").length);
    expect((await dome(`check crm --key-file ${leaked()}`)).exit).toBe(4);
  });

  it("is not undone by a pipeline that activates, nor by an operator: security ends what security began", async () => {
    const ci = await as("operator", "ci@example.com");
    const pipeline = await dome("agents activate billing-1 --workspace finance", ci);
    expect(pipeline.exit).toBe(1);
    expect(pipeline.stderr).toContain("dome agents resume");
    const operator = await dome("agents resume billing-1 --workspace finance", ci);
    expect(operator.exit).toBe(3);
    expect(operator.stderr).toContain("hold");
    const security = await as("security", "sam@example.com");
    const lifted = await dome(
      `agents resume --label team=billing --workspace finance --reason "keys replaced" --yes`,
      security,
    );
    expect(lifted.exit).toBe(0);
    expect((await dome(`check crm --key-file ${leaked()}`)).exit).toBe(0);
  });
});

describe("an auditor's question", () => {
  it("what was done for Alice, by whom, in every workspace, is one command with names", async () => {
    const issuer = testIssuer(place.port + 1);
    const added = await dome(
      `idp add people --issuer ${issuer} --audience app=triage-1 --workspace support`,
      admin(),
    );
    expect(added.exit).toBe(0);
    const files = {
      alice: join(place.home, "alice.jwt"),
      key: join(place.home, "triage-1.key"),
      token: join(place.home, "t.jwt"),
    };
    const alice = await dome(`users test-token alice --audience app --state ${place.state}`);
    writeFileSync(files.alice, alice.stdout);
    writeFileSync(files.key, agentNamed("triage-1").api_key.secret ?? "", { mode: 0o600 });
    const token = await dome(`token exchange --subject ${files.alice} --key-file ${files.key}`);
    writeFileSync(files.token, token.stdout, { mode: 0o600 });
    const checked = await dome(`check crm --key-file ${files.token} --quiet`);
    expect(checked.exit).toBe(0);

    const auditor = await as("auditor", "ann@example.com");
    const listed = await dome("audit list --user alice@example.com --all-workspaces", auditor);
    expect(listed.exit).toBe(0);
    expect(listed.stdout).toContain("triage-1");
    expect(listed.stdout).toContain("alice@example.com");
    const explained = await dome(`explain ${checked.stdout.trim()} --workspace support`, auditor);
    expect(explained.exit).toBe(0);
    expect(explained.stdout).toContain("alice@example.com");
    expect(explained.stdout).toContain("triage-1");
  });

  it("about somebody who never was is an error, and no empty list", async () => {
    const auditor = await as("auditor", "ann@example.com");
    const listed = await dome("audit list --user nobody@example.com --workspace support", auditor);
    expect(listed.exit).toBe(1);
    expect(listed.stderr).toContain("support");
  });
});

describe("a quarterly rotation", () => {
  it("shows which keys it would replace, then replaces them, each with the old one good for a while", async () => {
    const folder = temporaryFolder();
    const line = `keys rotate --label team=search --workspace platform --overlap 1h --key-dir ${folder}`;
    const planned = await dome(`${line} --dry-run`, admin());
    expect(planned.exit).toBe(0);
    expect(planned.stdout).toContain("search-1");
    const rotated = await dome(`${line} --yes`, admin());
    expect(rotated.exit).toBe(0);
    const key = readFileSync(join(folder, "search-1.key"), "utf8").trim();
    expect(key).not.toBe(agentNamed("search-1").api_key.secret);
    expect((await dome("check crm", { DOME_AGENT_KEY: key })).exit).toBe(0);
    const old = agentNamed("search-1").api_key.secret ?? "";
    expect((await dome("check crm", { DOME_AGENT_KEY: old })).exit).toBe(0);
  });
});

describe("an employee who leaves", () => {
  it("is one command: tokens end, agents of every workspace have another steward, the record keeps its owner", async () => {
    const bob = await as("developer", "bob@example.com");
    expect((await dome("agents show triage-1 --workspace support", bob)).exit).toBe(0);
    const line = "operators offboard bob@example.com --to carol@example.com";
    const planned = await dome(`${line} --dry-run`, admin());
    expect(planned.exit).toBe(0);
    for (const name of ["triage-1", "billing-1", "builds-1"]) expect(planned.stdout).toContain(name);
    expect((await dome("agents show triage-1 --workspace support", bob)).exit).toBe(0);

    expect((await dome(`${line} --yes`, admin())).exit).toBe(0);
    expect((await dome("agents show triage-1 --workspace support", bob)).exit).toBe(4);
    const shown = await dome("agents show builds-1 --workspace platform --json", admin());
    expect(JSON.parse(shown.stdout)).toMatchObject({
      owner: "bob@example.com",
      steward: "carol@example.com",
    });
    const carol = await as("developer", "carol@example.com");
    expect((await dome("keys list builds-1 --workspace platform", carol)).exit).toBe(0);
  });
});
