/** The real child process, with a program in wrangler's place that writes down what it was given; and the real wrangler. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { configurationsFor, namesFor } from "../../../scripts/cloudflare/installation.ts";
import { pinnedScript, readWranglerToml, wranglerProcess } from "../../../scripts/cloudflare/wrangler.ts";

const REPOSITORY = resolve(import.meta.dirname, "../../..");
const NODE = join(REPOSITORY, "node_modules/.bin/node");

const RECORDER = `
import { readFileSync, writeFileSync } from "node:fs";
const { argv, env } = process;
const stdin = readFileSync(0, "utf8");
writeFileSync("seen.json", JSON.stringify({ args: argv.slice(2), stdin, cwd: process.cwd(), env }));
process.stdout.write("out");
process.stderr.write("err");
process.exitCode = argv.includes("fail") ? 3 : 0;
`;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "dome-wrangler-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

interface SeenProcess {
  readonly args: string[];
  readonly stdin: string;
  readonly env: Record<string, string>;
}

describe("wrangler as a child process", () => {
  it("gets secrets by stdin and never as arguments or in its environment (P4)", async () => {
    const root = folder();
    const script = join(root, "wrangler.mjs");
    writeFileSync(script, RECORDER);
    const env = { ...process.env, DOME_TOKEN: "dome_ot_operators", CLOUDFLARE_API_TOKEN: "cf" };
    const wrangler = wranglerProcess(root, env, script);
    const outcome = await wrangler.run({
      args: ["secret", "bulk", "--name", "a b"],
      stdin: '{"DOME_ROOT_KEY":"k"}',
      account: "acc",
    });
    expect(outcome).toEqual({ code: 0, stdout: "out", stderr: "err" });
    const seen = JSON.parse(readFileSync(join(root, "seen.json"), "utf8")) as SeenProcess;
    expect(seen.args).toEqual(["secret", "bulk", "--name", "a b"]);
    expect(seen.stdin).toBe('{"DOME_ROOT_KEY":"k"}');
    expect(seen.env).toMatchObject({
      CLOUDFLARE_ACCOUNT_ID: "acc",
      CLOUDFLARE_API_TOKEN: "cf",
      WRANGLER_SEND_METRICS: "false",
    });
    expect(seen.env).not.toHaveProperty("DOME_TOKEN");
  });

  it("finds an empty stdin where nothing is given, so that it asks nothing; its exit code comes back", async () => {
    const root = folder();
    const script = join(root, "wrangler.mjs");
    writeFileSync(script, RECORDER);
    const outcome = await wranglerProcess(root, process.env, script).run({ args: ["fail"], account: null });
    expect(outcome.code).toBe(3);
    expect(JSON.parse(readFileSync(join(root, "seen.json"), "utf8"))).toMatchObject({ stdin: "" });
  });
});

describe("the commands as a person types them", () => {
  const type = (...argv: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(NODE, [join(REPOSITORY, "scripts/cloudflare/main.ts"), ...argv], { encoding: "utf8" });

  it("explain themselves (0), and a wrong line in one line without a stack (2)", () => {
    const help = type("setup", "--help");
    expect(help.status).toBe(0);
    expect(help.stdout).toContain("--public-url URL");
    const wrong = type("deploy", "--name", "not-set-up-by-any-test");
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toBe(
      "error: wrangler.generated.not-set-up-by-any-test.json is missing: set up this account first\n" +
        "next: npm run cf:setup -- --public-url URL\n",
    );
  });
});

const FACTS = {
  account: "0123456789abcdef0123456789abcdef",
  databaseId: "6f1c1d3e-0000-4000-8000-000000000001",
  publicUrl: "https://dome.example.com",
  customDomain: true,
};

describe("the generated configurations", () => {
  it.each([
    [
      "door",
      [
        "env.DB (dome-staging)",
        "env.AGENT (AgentObject, defined in dome-staging-objects)",
        "env.AUDIT_QUEUE (dome-staging-audit)",
        'env.DOME_PUBLIC_URL ("https://dome.example.com")',
      ],
    ],
    ["objects", ["env.DB (dome-staging)", "env.AGENT (AgentObject)", "env.AUDIT_QUEUE (dome-staging-audit)"]],
  ] as const)(
    "are ones that the pinned wrangler bundles and accepts, without account and network: %s",
    async (which, bindings) => {
      const root = folder();
      for (const name of [
        "src",
        "migrations",
        "node_modules",
        "package.json",
        "tsconfig.json",
        "tsconfig.base.json",
      ]) {
        symlinkSync(join(REPOSITORY, name), join(root, name));
      }
      const toml = await readWranglerToml(join(REPOSITORY, "wrangler.toml"));
      writeFileSync(
        join(root, "wrangler.json"),
        JSON.stringify(configurationsFor(toml, namesFor("dome-staging"), FACTS)[which]),
      );
      const { CLOUDFLARE_API_TOKEN: _token, ...env } = process.env;
      const wrangler = wranglerProcess(root, { ...env, HOME: root, XDG_CONFIG_HOME: root }, pinnedScript());
      const args = ["deploy", "--dry-run", "--config", "wrangler.json"];
      const { code, stdout, stderr } = await wrangler.run({ args, account: null });
      expect(stderr).toBe("");
      expect(code).toBe(0);
      for (const binding of bindings) expect(stdout).toContain(binding);
    },
  );
});
