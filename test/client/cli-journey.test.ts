/**
 * The whole way of an agent by the command line, against a real server: the seed's commands to the letter. The command
 * line is run as it is packed, by the oldest Node.js that it promises to run on.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FORMATS } from "../../src/cli/output.ts";
import { ROOT, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { packedOnNode20, runDome, type CommandRun, type Program } from "./dome-command.ts";

let server: RunningServer;
let folder: string;
let program: Program;

beforeAll(async () => {
  server = await startServer();
  folder = temporaryFolder();
  program = packedOnNode20(temporaryFolder());
});
afterAll(async () => {
  await server.stop();
});

const dome = (line: string, env: Record<string, string> = {}, stdin = ""): Promise<CommandRun> =>
  runDome(line.split(" "), { ...server.clientEnv, ...env }, stdin, program);

/** A command that must succeed; its answer as JSON. */
async function domeJson<T>(line: string, env: Record<string, string> = {}): Promise<T> {
  const { exit, stdout, stderr } = await dome(`${line} --json`, env);
  if (exit !== 0) throw new Error(`dome ${line}: exit ${exit}\n${stderr}`);
  return JSON.parse(stdout) as T;
}

const keyIn = (text: string): string => /dome_at_[0-9A-Za-z]{49}/.exec(text)?.[0] ?? "no key";

describe("the seed's commands", () => {
  test("register: record, key once, and what the catalog lacks; activate; check says what act-as needs (P7)", async () => {
    const registered = await dome(
      "agents register --name support-triage --tier standard --tool zendesk --pool premium-reasoning --require-actas oidc",
    );
    expect(registered.exit).toBe(0);
    expect(registered.stdout).toMatch(/^Registered support-triage in workspace default\.\n/);
    expect(registered.stdout).toContain("provisioned since");
    expect(registered.stdout.match(/dome_at_/g)).toHaveLength(1);
    expect(registered.stderr).toContain("next: dome tools add zendesk --workspace default\n");
    expect(registered.stderr).toContain("next: dome pools add premium-reasoning --workspace default\n");
    const agent = { DOME_AGENT_KEY: keyIn(registered.stdout) };

    expect((await dome("check zendesk/create_ticket", agent)).exit).toBe(4);
    expect(await dome("agents activate support-triage")).toMatchObject({
      exit: 0,
      stdout: "support-triage is active.\n",
    });

    const missing = await dome("check zendesk/create_ticket", agent);
    expect(missing.exit).toBe(3);
    expect(missing.stdout).toContain("catalog_missing");
    expect((await dome("tools add zendesk")).exit).toBe(0);
    expect((await dome("pools add premium-reasoning")).exit).toBe(0);

    const denied = await dome("check zendesk/create_ticket --quiet", agent);
    expect(denied.exit).toBe(3);
    const id = denied.stdout.trim();
    const explained = await dome(`explain ${id}`);
    expect(explained.exit).toBe(0);
    expect(explained.stdout).toContain("reason         actas_required\n");
    expect((await dome(`explain ${id} --as-agent`, agent)).exit).toBe(0);
  });
});

describe("the packed command line", () => {
  test.each(FORMATS)("prints -o %s", async (format) => {
    const { exit, stdout, stderr } = await dome(`tiers list -o ${format}`);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toContain("standard");
  });

  test("has Cedar's engine, and asks no service to format policies", async () => {
    const rough = '@id("a")permit(principal,action,resource);';
    const { exit, stdout, stderr } = await runDome(["policy", "fmt", "-"], {}, rough, program);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toBe('@id("a")\npermit (principal, action, resource);\n');
  });

  test("runs the tests of the worked policies, and each policy decides a case", async () => {
    const argv = ["policy", "test", "--require-coverage", join(ROOT, "docs/policies")];
    const { exit, stdout, stderr } = await runDome(argv, {}, "", program);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toMatch(/^(\d+) of \1 cases passed\.$/m);
  });

  test("reads an OpenAPI document in YAML", async () => {
    const file = join(folder, "items.yaml");
    writeFileSync(
      file,
      'openapi: 3.1.0\ninfo: { title: items, version: "1" }\npaths:\n  /items:\n    get: { operationId: list, responses: {} }\n',
    );
    const added = await dome(`tools add items --kind http --url https://api.example.com --openapi ${file}`);
    expect(added).toMatchObject({ exit: 0 });
    expect((await dome("tools operations items")).stdout).toContain("list");
  });
});

describe("an agent that acts for itself", () => {
  const keyFile = () => join(folder, "reporter.key");

  test("registers with a key file, activates, checks, and holds a token that the service vouches for", async () => {
    expect((await dome("tools add warehouse --operation query")).exit).toBe(0);
    const registered = await dome(`agents register --name reporter --tool warehouse --key-file ${keyFile()}`);
    expect(registered.exit).toBe(0);
    expect(registered.stdout + registered.stderr).not.toContain("dome_at_");
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    expect((await dome("agents activate reporter")).exit).toBe(0);
    expect((await dome(`check warehouse/query --key-file ${keyFile()}`)).exit).toBe(0);
    expect(
      (await dome(`check --key-file - model premium-reasoning`, {}, readFileSync(keyFile(), "utf8"))).exit,
    ).toBe(3);

    const token = await dome(`token issue --key-file ${keyFile()} --scope tool:warehouse`);
    expect(token.exit).toBe(0);
    const inspected = await dome("token inspect", {}, token.stdout);
    expect(inspected).toMatchObject({ exit: 0, stderr: "" });
    expect(inspected.stdout).toContain(`signature    made by ${server.url}\n`);
    const forged = await dome("token inspect", {}, `${token.stdout.trim().slice(0, -4)}AAAA`);
    expect(forged.exit).toBe(1);
  });

  test("is suspended: when --wait returns, neither its key nor any token of it passes, also after a resume (P3)", async () => {
    const token = (await dome(`token issue --key-file ${keyFile()}`)).stdout.trim();
    const suspended = await dome("agents suspend reporter --reason test --wait");
    expect(suspended.exit).toBe(0);
    expect(suspended.stderr.split("\n").map((line) => line.split(" ")[0])).toEqual([
      "committed",
      "waiting",
      "effective",
      "admitted",
      "cut",
      "",
    ]);
    expect((await dome(`check warehouse/query --key-file ${keyFile()}`)).exit).toBe(4);
    expect((await dome("check warehouse/query", { DOME_AGENT_KEY: token })).exit).toBe(4);
    expect((await dome(`token issue --key-file ${keyFile()}`)).exit).toBe(4);

    expect((await dome("agents resume reporter --reason mended")).exit).toBe(0);
    expect((await dome("check warehouse/query", { DOME_AGENT_KEY: token })).exit).toBe(4);
    expect((await dome(`check warehouse/query --key-file ${keyFile()}`)).exit).toBe(0);

    const [halt] =
      await domeJson<{ id: string; kind: string; reason: string; effective_at: string | null }[]>(
        "agents halts reporter",
      );
    expect(halt).toMatchObject({ kind: "suspend", reason: "test" });
    expect(halt?.effective_at).toMatch(/Z$/);
    const receipt = await domeJson<{ receipt: string | null }>(`agents halts reporter ${halt?.id}`);
    expect(receipt.receipt).toMatch(/^eyJ/);
  });

  test("rotates its key: the new one works, the old one does not", async () => {
    const old = readFileSync(keyFile(), "utf8");
    expect((await dome(`keys rotate reporter --key-file ${keyFile()}`)).exit).toBe(2);
    const rotated = await domeJson<{ replaced: { halt: { id: string } | null } | null }>(
      `keys rotate reporter --key-file ${keyFile()} --force`,
    );
    expect(readFileSync(keyFile(), "utf8")).not.toBe(old);
    expect((await dome(`check warehouse/query --key-file ${keyFile()}`)).exit).toBe(0);
    const ended = rotated.replaced?.halt?.id ?? "none";
    await expect
      .poll(
        async () =>
          (await domeJson<{ effective_at: string | null }>(`agents halts reporter ${ended}`)).effective_at,
        {
          timeout: 10_000,
        },
      )
      .not.toBeNull();
    expect((await dome("check warehouse/query", { DOME_AGENT_KEY: old.trim() })).exit).toBe(4);
    const states = (await domeJson<{ state: string }[]>("keys list reporter")).map(({ state }) => state);
    expect(states.toSorted()).toEqual(["live", "revoked"]);
  });

  test("changes its surface item by item, and its record never", async () => {
    const changed = await domeJson<{ agent: { surface: unknown; labels: unknown } }>(
      "agents update reporter --add-tool zendesk --remove-tool warehouse --label team=data",
    );
    expect(changed.agent.surface).toEqual({ tools: ["zendesk"], pools: [], integrations: [] });
    expect(changed.agent.labels).toEqual({ team: "data" });
    expect((await dome("agents update reporter --owner somebody")).exit).toBe(2);
  });

  test("is revoked for ever, and its record stays (P5)", async () => {
    expect((await dome("agents revoke reporter")).exit).toBe(2);
    expect((await dome("agents revoke reporter --yes --wait")).exit).toBe(0);
    const resumed = await dome("agents resume reporter");
    expect(resumed).toMatchObject({ exit: 1, stdout: "" });
    expect(resumed.stderr).toContain("(invalid_transition)\nnext: dome agents show reporter\n");
    expect(await domeJson("agents show reporter")).toMatchObject({ name: "reporter", state: "revoked" });
    const again = await dome("agents register --name reporter");
    expect(again.exit).toBe(1);
    expect(again.stderr).toContain("(name_taken)");
  });

  test("has left a trail that says what happened", async () => {
    const kinds = async () => {
      const entries = await domeJson<{ kind: string; seq: number }[]>(
        "audit list --agent reporter --kind agent.* --order oldest",
      );
      return entries.map(({ kind }) => kind);
    };
    await expect
      .poll(kinds, { timeout: 10_000 })
      .toEqual([
        "agent.registered",
        "agent.activated",
        "agent.suspended",
        "agent.resumed",
        "agent.updated",
        "agent.revoked",
      ]);
    const table = await dome("audit list --agent reporter --decision allow");
    expect(table.stdout).toContain("warehouse/query");
    expect(table.stdout).not.toContain("dome_at_");
  });
});

test("a deny of an undeclared tool names a command that mends it", async () => {
  const registered = await dome("agents register --name mender --tool zendesk");
  const agent = { DOME_AGENT_KEY: keyIn(registered.stdout) };
  expect((await dome("agents activate mender")).exit).toBe(0);
  const denied = await dome("check warehouse/query --quiet", agent);
  const { change } = await domeJson<{ change: { command: string } }>(`explain ${denied.stdout.trim()}`);
  expect(change.command).toMatch(/^dome agents update mender /);
  expect((await dome(change.command.slice("dome ".length))).exit).toBe(0);
  await expect
    .poll(async () => (await dome("check warehouse/query", agent)).exit, { timeout: 10_000 })
    .toBe(0);
});

test("agents are shown as a tree, each below its parent", async () => {
  expect((await dome("agents register --name desk")).exit).toBe(0);
  expect((await dome("agents register --name desk-reader --parent desk")).exit).toBe(0);
  const tree = await dome("agents tree desk");
  expect(tree).toMatchObject({ exit: 0, stderr: "" });
  expect(tree.stdout).toMatch(/^desk .*\n└─ desk-reader .*\n$/);
});
