/** The TypeScript SDK against a running server: the cases that every SDK must pass (sdk/conformance). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  endEverything,
  startServer,
  temporaryFolder,
  twoFreePorts,
  type RunningServer,
} from "../support/server.ts";
import type { Browser, Page } from "playwright-core";
import { startBrowser, startSite, type Site } from "../support/browser.ts";
import { asOperator } from "../support/server-calls.ts";
import { runDome } from "./dome-command.ts";
import { checkTypes, installPacked, NODE_20, runExample } from "./sdk-package.ts";
import { CASES, RULES, SETUP, type Case } from "./sdk-conformance/cases.ts";
import { setUp, Stage } from "./sdk-conformance/stage.ts";

/** The package is installed here. */
const folder = temporaryFolder();
let files: readonly string[];
let site: Site;
let server: RunningServer;

beforeAll(async () => {
  files = await installPacked(folder);
  site = await startSite(folder);
  server = await startServer({
    port: await twoFreePorts(),
    args: ["--test-users"],
    env: { DOME_CORS_ORIGINS: site.origin },
  });
  await setUp(server, SETUP);
}, 120_000);

afterAll(async () => {
  await site.close();
  await endEverything();
});

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

describe("in a browser, on a page of another origin", () => {
  let browser: Browser;
  let page: Page;
  let agent: { readonly id: string; readonly key: string };

  /** What a page's own server does: it keeps the key, and gives the page call tokens. */
  async function callToken(): Promise<{ token: string; expiresIn: number }> {
    const answer = await fetch(`${server.url}/api/v1/auth/token`, {
      method: "POST",
      headers: { Authorization: `Bearer ${agent.key}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
    const { access_token: token, expires_in: expiresIn } = (await answer.json()) as {
      access_token: string;
      expires_in: number;
    };
    return { token, expiresIn };
  }

  beforeAll(async () => {
    const made = (await asOperator(server, "POST", "/api/v1/agents", {
      name: "in-a-browser",
      surface: { tools: ["zendesk"] },
    })) as { agent: { id: string }; api_key: { secret: string } };
    agent = { id: made.agent.id, key: made.api_key.secret };
    await asOperator(server, "POST", `/api/v1/agents/${agent.id}/activate`, {});
    browser = await startBrowser();
    page = await browser.newPage();
    await page.exposeFunction("callToken", callToken);
    await page.goto(site.origin);
    await page.evaluate(`(async () => {
      const { DomeClient } = await import("/node_modules/dome-agent-sdk/dist/dome.js");
      window.DomeClient = DomeClient;
      window.client = new DomeClient({ baseUrl: "${server.url}", getToken: () => window.callToken() });
      window.heard = [];
      for (const kind of ["agent.suspended", "agent.resumed"])
        window.client.events.on(kind, () => window.heard.push(kind));
      await window.client.start();
    })()`);
  }, 120_000);

  afterAll(async () => browser.close());

  const check = (tool: string): Promise<unknown> =>
    page.evaluate(
      `window.client.check({ tool: "${tool}" }).then(({ decision, reason }) => ({ decision, reason }))`,
    );

  it("asks with a call token and gets the decision, through the browser's own checks of other origins", async () => {
    expect(await check("zendesk/create_ticket")).toMatchObject({ decision: "allow" });
    expect(await check("github/merge")).toEqual({ decision: "deny", reason: "surface_undeclared" });
  });

  it("hears of a suspension and is denied from then on, and goes on after the resume (P3)", async () => {
    await asOperator(server, "POST", `/api/v1/agents/${agent.id}/suspend`, { reason: "an incident" });
    await page.waitForFunction(`window.heard.includes("agent.suspended")`);
    expect(await check("zendesk/create_ticket")).toMatchObject({ decision: "deny" });
    await asOperator(server, "POST", `/api/v1/agents/${agent.id}/resume`, { reason: "it is over" });
    await page.waitForFunction(
      `window.client.check({ tool: "zendesk/create_ticket" }).then(({ decision }) => decision === "allow")`,
      undefined,
      { polling: 250 },
    );
  });

  it("refuses a key: every visitor of the page could read it (P4)", async () => {
    const refused = await page.evaluate(
      `(() => { try { new window.DomeClient({ baseUrl: "${server.url}", token: "${agent.key}" }); return "taken"; } catch (fault) { return fault.message; } })()`,
    );
    expect(refused).toContain("must not be in a browser");
    expect(refused).not.toContain(agent.key);
  });
});
