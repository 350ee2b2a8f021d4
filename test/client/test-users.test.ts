/** The made-up users of `--test-users`: offered on request, to this machine, and worth nothing anywhere else. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseTestUsers, testIssuer } from "../../src/contract/test-users.ts";
import { startTestUsers } from "../../src/embedded/test-users.ts";
import {
  endEverything,
  failToStart,
  freePort,
  startServer,
  temporaryFolder,
  twoFreePorts,
  type RunningServer,
} from "../support/server.ts";
import { runDome } from "./dome-command.ts";

const TOOL = "zendesk/create_ticket";
const CHECK = ["check", TOOL, "--key-file", "-"] as const;

let server: RunningServer;
let place: { readonly state: string; readonly home: string; readonly port: number };
let issuer: string;
let key: string;

beforeAll(async () => {
  const folder = temporaryFolder();
  place = { state: join(folder, "state"), home: join(folder, "home"), port: await twoFreePorts() };
  server = await startServer({ ...place, args: ["--test-users"] });
  issuer = testIssuer(place.port + 1);
  await dome("tools", "add", "zendesk");
  const registered = [
    "agents",
    "register",
    "--name",
    "triage",
    "--tool",
    "zendesk",
    "--require-actas",
    "oidc",
  ];
  key = (JSON.parse((await dome(...registered, "--json")).stdout) as { api_key: { secret: string } }).api_key
    .secret;
  await dome("agents", "activate", "triage");
}, 60_000);

afterAll(endEverything);

const dome = (...argv: readonly string[]) => runDome(argv, server.clientEnv);

const testToken = (state = place.state) =>
  dome("users", "test-token", "alice", "--audience", "app", "--state", state);

/** Alice's token in a file, exchanged by the agent. */
async function exchanged(token: string) {
  const file = join(place.home, "alice.jwt");
  writeFileSync(file, token);
  return runDome(["token", "exchange", "--subject", file, "--key-file", "-"], server.clientEnv, key);
}

describe("a made-up user", () => {
  it("is somebody whom an agent acts for, once the workspace trusts the issuer, which is marked as a test", async () => {
    const added = await dome(
      "idp",
      "add",
      "test-users",
      "--issuer",
      issuer,
      "--audience",
      "app=triage",
      "--context",
      "local-admin",
    );
    expect(added).toMatchObject({ exit: 0, stderr: "" });
    expect(added.stdout).toMatch(/^issuer +http:\S+ \(test\)$/m);
    expect((await dome("idp", "list")).stdout).toContain(`${issuer} (test)`);

    const { stdout: alice } = await testToken();
    const { exit, stdout: token } = await exchanged(alice);
    expect(exit).toBe(0);
    const allowed = await runDome([...CHECK, "--json"], server.clientEnv, token);
    expect(JSON.parse(allowed.stdout)).toMatchObject({ decision: "allow" });
  });

  it("is signed for by the state folder alone: its key is its owner's, and no door issues a token (P4)", async () => {
    const path = join(place.state, "test-users.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { x, d } = parseTestUsers(readFileSync(path, "utf8"))?.key ?? {};
    const published = await (await fetch(`${issuer}/jwks`)).text();
    expect(published).toContain(x);
    expect(published).not.toContain(d);
    const statuses = await Promise.all(
      ["", "/", "/token", "/authorize", "/constructor", "/jwks?d=1", "/../test-users.json"].map(
        async (rest) => (await fetch(`${issuer}${rest}`)).status,
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([404]));
    expect((await fetch(`${issuer}/jwks`, { method: "POST" })).status).toBe(405);
    expect(server.logs()).not.toContain(d);
  });

  it("is offered by the server with a command that finds its state folder when it is pasted", () => {
    expect(server.logs()).toContain(
      `./dome users test-token alice --audience support-app --state ${place.state}\n`,
    );
  });

  it("needs the folder of such a server, and the command says so", async () => {
    const elsewhere = await testToken(temporaryFolder());
    expect(elsewhere).toMatchObject({ exit: 1, stdout: "" });
    expect(elsewhere.stderr).toContain("npm start -- --test-users");
    const damaged = temporaryFolder();
    writeFileSync(join(damaged, "test-users.json"), "{}");
    expect((await testToken(damaged)).stderr).toContain("is damaged");
  });

  it("is nobody on a server that was started without: neither with a new token nor with one from before (P7)", async () => {
    const { stdout: before } = await exchanged((await testToken()).stdout);
    await server.stop();
    server = await startServer({ ...place, args: ["--egress-allow", new URL(issuer).origin] });

    const { stdout: alice } = await testToken();
    const refused = await exchanged(alice);
    expect(refused.exit).not.toBe(0);
    expect(refused.stderr).toContain("test issuer");
    const denied = await runDome([...CHECK, "--json"], server.clientEnv, before);
    expect(JSON.parse(denied.stdout)).toMatchObject({ decision: "deny", reason: "actas_provider" });
    const seen = await runDome(
      ["idp", "test", "test-users", "--token-file", "-", "--json", "--context", "local-admin"],
      server.clientEnv,
      alice,
    );
    expect(JSON.parse(seen.stdout)).toMatchObject({ verdicts: [{ ok: false, detail: "test_issuer" }] });
    expect((await dome("idp", "list")).stdout).toContain("(test)");
  }, 60_000);
});

describe("the provider of made-up users", () => {
  it("keeps its issuer and key, because entries name them, and does not start where its port is taken", async () => {
    const dir = temporaryFolder();
    const port = await freePort();
    const taken = createServer().listen(port, "127.0.0.1");
    await once(taken, "listening");
    const first = await startTestUsers(dir, port);
    expect(first).toMatchObject({ ok: false, error: { exit: 1 } });
    expect(first.ok ? "" : first.error.line).toContain("or start with another --port");
    expect(existsSync(join(dir, "test-users.json"))).toBe(false);
    const free = await freePort();
    const begun = await startTestUsers(dir, free);
    if (!begun.ok) throw new Error(begun.error.line);
    const made = readFileSync(join(dir, "test-users.json"), "utf8");
    const again = await startTestUsers(dir, port);
    expect(again.ok ? "" : again.error.line).toContain(
      `remove ${join(dir, "test-users.json")} and start with another --port`,
    );
    await begun.value.stop();
    taken.close();
    await once(taken, "close");
    const started = await startTestUsers(dir, 1);
    if (!started.ok) throw new Error(started.error.line);
    expect(started.value.issuer).toBe(testIssuer(free));
    expect(readFileSync(join(dir, "test-users.json"), "utf8")).toBe(made);
    await started.value.stop();
  });

  it("is not offered on a state whose issuer is a public URL, and then makes nothing", async () => {
    const folder = temporaryFolder();
    const state = join(folder, "state");
    mkdirSync(state);
    const settings = {
      version: 1,
      public_url: "https://dome.example.com",
      created_at: "2026-11-28T00:00:00.000Z",
      schema: null,
      first_start_done: true,
    };
    writeFileSync(join(state, "dome.json"), JSON.stringify(settings));
    const { code, stderr } = await failToStart({ state, args: ["--test-users"] });
    expect(code).toBe(1);
    expect(stderr).toContain("and https://dome.example.com is not one");
    expect(existsSync(join(state, "test-users.json"))).toBe(false);
  });
});
