/** Which workspace a command means: what was typed, else DOME_WORKSPACE, else the context's, else the service decides. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { json } from "../client/fake-service.ts";
import { agent, AGENT_ID } from "../client/samples.ts";
import { contextsFile, dome, newHome, SERVICE_URL, TOKEN } from "./run-cli.ts";

const NO_AGENTS = [json(200, { items: [], next_cursor: null })];
const ENVIRONMENT = { DOME_URL: SERVICE_URL, DOME_TOKEN: TOKEN };

function homeIn(workspace: string): string {
  const home = newHome();
  mkdirSync(join(home, "dome"), { recursive: true });
  const contexts = { local: { url: SERVICE_URL, token: TOKEN, workspace } };
  writeFileSync(contextsFile(home), JSON.stringify({ current: "local", contexts }), { mode: 0o600 });
  return home;
}

const savedWorkspace = (home: string): unknown => {
  const file: unknown = JSON.parse(readFileSync(contextsFile(home), "utf8"));
  return (file as { contexts: { local: { workspace?: string } } }).contexts.local.workspace;
};

describe("a command that names no workspace", () => {
  test("means DOME_WORKSPACE", async () => {
    const { requests } = await dome(["agents", "list"], {
      env: { ...ENVIRONMENT, DOME_WORKSPACE: "support" },
      replies: NO_AGENTS,
    });
    expect(requests).toEqual(["GET /api/v1/agents?workspace=support&limit=200"]);
  });

  test("means the workspace of its context, and DOME_WORKSPACE goes before that", async () => {
    const home = homeIn("support");
    const env = { XDG_CONFIG_HOME: home };
    const byContext = await dome(["agents", "show", "a"], { home, env, replies: [json(200, agent())] });
    expect(byContext.requests).toEqual(["GET /api/v1/agents/a?workspace=support"]);
    const byVariable = await dome(["audit", "list"], {
      home,
      env: { ...env, DOME_WORKSPACE: "billing" },
      replies: NO_AGENTS,
    });
    expect(byVariable.requests[0]).toContain("workspace=billing");
  });

  test("leaves it to the service when DOME_URL goes before the context: the workspace is another service's", async () => {
    const home = homeIn("support");
    const { requests } = await dome(["agents", "list"], {
      home,
      env: { ...ENVIRONMENT, XDG_CONFIG_HOME: home },
      replies: NO_AGENTS,
    });
    expect(requests).toEqual(["GET /api/v1/agents?limit=200"]);
  });

  test("means the workspace of an agent that it names by id", async () => {
    const { requests } = await dome(["agents", "show", AGENT_ID], {
      env: { ...ENVIRONMENT, DOME_WORKSPACE: "support" },
      replies: [json(200, agent())],
    });
    expect(requests).toEqual([`GET /api/v1/agents/${AGENT_ID}`]);
  });

  test("does not bind a new operator token to it: there --workspace says something else", async () => {
    const { service } = await dome(["operators", "create", "ci", "--role", "auditor"], {
      env: { ...ENVIRONMENT, DOME_WORKSPACE: "support" },
      replies: [json(403, {})],
    });
    expect(JSON.parse(service.seen[0]?.body ?? "null")).toMatchObject({ workspaces: null });
  });

  test("says it in the command to type next, so that this works elsewhere too", async () => {
    const { stderr } = await dome(["agents", "register", "--name", "a"], {
      env: { ...ENVIRONMENT, DOME_WORKSPACE: "support" },
      replies: [
        json(409, { code: "name_taken", detail: "taken", type: "", title: "", status: 409, instance: "" }),
      ],
    });
    expect(stderr).toContain("next: dome agents show a --workspace support\n");
  });
});

describe("-A", () => {
  test("goes over every workspace, whatever is chosen", async () => {
    const { requests, stdout } = await dome(["agents", "list", "-A", "--owner", "bob@example.com"], {
      env: { ...ENVIRONMENT, DOME_WORKSPACE: "support" },
      replies: [json(200, { items: [agent({ workspace: "billing" })], next_cursor: null })],
    });
    expect(requests).toEqual(["GET /api/v1/agents?owner=bob%40example.com&all_workspaces=true&limit=200"]);
    expect(stdout).toContain("billing");
  });

  test("does not go with --workspace", async () => {
    const { exit, stderr } = await dome(["agents", "list", "-A", "--workspace", "support"]);
    expect(exit).toBe(2);
    expect(stderr).toContain("cannot be used with");
  });
});

describe("dome context use", () => {
  const use = (home: string, ...words: readonly string[]) =>
    dome(["context", "use", "local", ...words], { home, env: { XDG_CONFIG_HOME: home } });

  test("chooses, keeps and forgets the workspace of a context", async () => {
    const home = homeIn("support");
    expect((await use(home)).stdout).toBe(`Commands now use ${SERVICE_URL}, in workspace support.\n`);
    expect(savedWorkspace(home)).toBe("support");
    await use(home, "--workspace", "billing");
    expect(savedWorkspace(home)).toBe("billing");
    await use(home, "--no-workspace");
    expect(savedWorkspace(home)).toBeUndefined();
  });

  test("refuses what is no name of a workspace", async () => {
    expect((await use(homeIn("support"), "--workspace", "Not A Name")).exit).toBe(2);
  });
});
