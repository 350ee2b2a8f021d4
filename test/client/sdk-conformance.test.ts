/** The TypeScript SDK against a running server: the cases that every SDK must pass (sdk/conformance). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  endEverything,
  startServer,
  temporaryFolder,
  twoFreePorts,
  type RunningServer,
} from "../support/server.ts";
import { runDome } from "./dome-command.ts";
import { checkTypes, installPacked, NODE_20, runExample } from "./sdk-package.ts";
import { CASES, RULES, SETUP, type Case } from "./sdk-conformance/cases.ts";
import { setUp, Stage } from "./sdk-conformance/stage.ts";

let server: RunningServer;

beforeAll(async () => {
  server = await startServer({ port: await twoFreePorts(), args: ["--test-users"] });
  await setUp(server, SETUP);
}, 60_000);

afterAll(endEverything);

/** One case from its first agent to the end of its last client. */
async function play({ agents, steps }: Case, suffix: string): Promise<void> {
  const stage = new Stage(server);
  try {
    await stage.register(agents, suffix);
    for (const [at, step] of steps.entries()) {
      await stage.play(step).catch((fault: unknown) => {
        throw new Error(`step ${at + 1}, ${JSON.stringify(step)}: ${String(fault)}`, { cause: fault });
      });
    }
  } finally {
    await stage.end();
  }
}

describe("the TypeScript SDK", () => {
  it.each(CASES.map((each, index) => ({ ...each, index })))(
    "$name ($rule)",
    async ({ index, ...each }) => {
      await expect(play(each, `c${index}`)).resolves.toBeUndefined();
    },
    120_000,
  );

  it("has a case for each thing that the SDKs promise", () => {
    expect(RULES).toEqual(
      new Set([
        "P1",
        "P3",
        "P4",
        "P5",
        "P6",
        "P7",
        "P8",
        "clock",
        "close",
        "drain",
        "lifecycle",
        "outage",
        "processes",
        "rotation",
      ]),
    );
  });
});

describe("the package", () => {
  const folder = temporaryFolder();
  let files: readonly string[];

  beforeAll(async () => {
    files = await installPacked(folder);
  }, 120_000);

  it("has what runs, what declares it, and what is to be read, and nothing else", () => {
    expect(
      files.filter((path) => !/^dist\/(?:adapters\/|chunks\/)?[\w-]+\.(?:d\.ts|js)$/.test(path)).toSorted(),
    ).toEqual(["CHANGELOG.md", "README.md", "package.json"]);
  });

  it.each([
    ["the project's Node.js", process.execPath],
    ["Node.js 20", NODE_20],
  ])(
    "runs the first example of its README, installed into an empty folder, on %s",
    async (_what, node) => {
      const name = `example-${node === NODE_20 ? "old" : "new"}`;
      const argv = ["agents", "register", "--name", name, "--tool", "zendesk", "--json"];
      const made = await runDome(argv, server.clientEnv);
      const { secret } = (JSON.parse(made.stdout) as { api_key: { secret: string } }).api_key;
      const env = { DOME_URL: server.url, DOME_AGENT_KEY: secret };
      expect(await runExample(folder, node, env)).toMatch(/^denied: stopped: /);
      await runDome(["agents", "activate", name], server.clientEnv);
      expect(await runExample(folder, node, env)).toMatch(/^allowed: dec_\w{26}\n$/);
    },
    60_000,
  );

  it("declares what it offers, to the strictest compiler", async () => {
    const program = `
      import { DomeClient, DeniedError, type Decision } from "dome-agent-sdk";
      import { callTokens } from "dome-agent-sdk/express";
      import { governed } from "dome-agent-sdk/ai";
      const client = new DomeClient({ baseUrl: "https://dome.example.com", token: "dome_at_" });
      const decision: Decision = await client.check({ tool: "a/b", onDeny: (request, { reason }) => reason.length });
      const act = client.guard("a/b", ({ n }: { n: number }, { signal }) => (signal.aborted ? 0 : n));
      export const sum: number = (await act({ n: 1 })) + decision.policies.length;
      export const tools = governed(client, { act: { execute: async (input: { n: number }, options: object) => input.n } });
      export const door = callTokens({ baseUrl: "https://dome.example.com", credential: "dome_ot_" });
      client.events.on("agent.draining", ({ leftMs }) => leftMs?.toFixed());
      export const isDenied = (fault: unknown) => fault instanceof DeniedError && fault.change?.detail;
    `;
    expect(await checkTypes(folder, program)).toBe("");
    const wrong = `import { DomeClient } from "dome-agent-sdk"; new DomeClient({ baseUrl: "x" });`;
    expect(await checkTypes(folder, wrong)).toContain("error TS");
  }, 60_000);
});
