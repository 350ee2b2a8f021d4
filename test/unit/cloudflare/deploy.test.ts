import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Workspace } from "../../../src/contract/workspace.ts";
import { FakeService, problem } from "../client/fake-service.ts";
import { Desk, healthy, URL_OF_DOME } from "./fake-account.ts";

const TOKEN = `dome_ot_${"T".repeat(49)}`;

const DEPLOYMENT = [
  "whoami --json",
  "secret list --name dome-objects --format json",
  "secret list --name dome --format json",
  "d1 migrations apply DB --remote --config wrangler.generated.json",
  "deployments status --name dome-objects --json",
  `deploy --config wrangler.generated-objects.json --var DOME_OBJECTS_RELEASE:DIGEST`,
  "deploy --config wrangler.generated.json",
];
const QUESTIONS = [0, 1, 2, 4].map((index) => DEPLOYMENT[index]);
const CHANGES = [3, 5, 6].map((index) => DEPLOYMENT[index]);

const workspace = {
  id: "wsp_01kaq0000000000000000000aa",
  name: "default",
  description: null,
  created_at: "2026-11-23T09:00:00.000Z",
  config_epoch: 0,
  halted: false,
} satisfies Workspace;
const notFound = problem(404, "not_found");

/** A desk whose account is set up; what setup has called is forgotten. */
async function ready(): Promise<Desk> {
  const desk = new Desk();
  await desk.type("setup", "--public-url", URL_OF_DOME);
  desk.account.calls.length = 0;
  return desk;
}

/** Without the digest of the objects' Worker, which is another for each wrangler.toml. */
const plain = (line: string): string => line.replace(/(DOME_OBJECTS_RELEASE:)[0-9a-f]{32}$/, "$1DIGEST");
const told = (stdout: string): string[] =>
  stdout
    .split("\n")
    .filter((line) => line.startsWith("would run"))
    .map(plain);

/** What fetch throws when there is no connection. */
const unconnected = (fault: string): Error =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: fault }) });
const paths = ({ service }: Desk): string[] =>
  service.seen.map(({ method, url }) => `${method} ${new URL(url).pathname}`);

describe("cf:deploy", () => {
  it("applies migrations, deploys the objects, then the door that calls them, and asks whether they are well", async () => {
    const desk = await ready();
    const { exit, stdout, stderr } = await desk.type("deploy");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(desk.account.said.map(plain)).toEqual(DEPLOYMENT);
    expect(paths(desk)).toEqual([
      "GET /healthz", // is the domain ours
      "GET /healthz",
      "GET /readyz",
      "GET /.well-known/jwks.json", // through an object
      "GET /.well-known/oauth-authorization-server",
    ]);
    expect(stdout).toContain("dome-objects deployed: version 3f2a0000-0000-4000-8000-00000000000b");
    expect(stdout).toContain("dome deployed: version 3f2a0000-0000-4000-8000-00000000000a");
  });

  it("does not deploy when a migration fails, because the newer version would meet the older schema", async () => {
    const desk = await ready();
    desk.account.failure = { at: "d1 migrations", says: 'near "TABEL": syntax error at offset 7' };
    const { exit, stderr } = await desk.type("deploy");
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^error: wrangler d1 migrations apply .* failed: near "TABEL": syntax error/);
    expect(desk.account.deployments).toBe(0);
    expect(await desk.type("deploy")).toMatchObject({ exit: 0 });
  });

  it("brings the bindings of a newer wrangler.toml into the generated configuration", async () => {
    const desk = await ready();
    const path = desk.path("wrangler.generated-objects.json");
    const current = readFileSync(path, "utf8");
    const older = JSON.parse(current) as Record<string, unknown>;
    delete older["triggers"];
    writeFileSync(path, JSON.stringify(older));
    await desk.type("deploy");
    expect(readFileSync(path, "utf8")).toBe(current);
  });

  it("makes the workspace default through the API, where it is not there", async () => {
    const desk = await ready();
    writeFileSync(desk.path("admin.token"), `${TOKEN}\n`);
    desk.service = new FakeService((seen) => {
      if (!new URL(seen.url).pathname.startsWith("/api/")) return healthy(seen);
      expect(seen.headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
      return seen.method === "GET" ? notFound : Response.json(workspace, { status: 201 });
    });
    const { exit, stdout, stderr } = await desk.type("deploy", "--token-file", desk.path("admin.token"));
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(paths(desk).slice(-2)).toEqual(["GET /api/v1/workspaces/default", "POST /api/v1/workspaces"]);
    expect(desk.service.seen.at(-1)?.body).toBe('{"name":"default"}');
    expect(stdout).toContain('workspace "default": made');
    expect(stdout).not.toContain(TOKEN);
  });

  it("leaves the workspace alone where it is there", async () => {
    const desk = await ready();
    desk.env = { DOME_TOKEN: TOKEN };
    desk.service = new FakeService((seen) =>
      new URL(seen.url).pathname.startsWith("/api/") ? Response.json(workspace) : healthy(seen),
    );
    expect(await desk.type("deploy", "--only-smoke-test")).toMatchObject({ exit: 0 });
    expect(paths(desk).slice(-1)).toEqual(["GET /api/v1/workspaces/default"]);
    expect(desk.account.said).toEqual([]);
  });

  it("waits for a new domain, whose name and certificate take some time", async () => {
    const desk = await ready();
    let asked = 0;
    desk.service = new FakeService((seen) => {
      asked += 1;
      return asked <= 5 ? unconnected("ENOTFOUND") : healthy(seen);
    });
    expect(await desk.type("deploy")).toMatchObject({ exit: 0 });
    expect(desk.service.slept).toEqual([3000, 3000, 3000, 3000]);
  });

  it("ends with 1 when the Worker does not become well, and says that the deployment stands", async () => {
    const desk = await ready();
    desk.service = new FakeService((seen) =>
      new URL(seen.url).pathname === "/readyz"
        ? Response.json({ code: "unavailable" }, { status: 503 })
        : healthy(seen),
    );
    const { exit, stderr } = await desk.type("deploy");
    expect(exit).toBe(1);
    expect(stderr).toBe(
      `error: deployed, but ${URL_OF_DOME}/readyz does not answer as expected: status 503\n` +
        "next: when it answers, run npm run cf:deploy -- --only-smoke-test; to go back, run npx wrangler rollback",
    );
  });

  it("takes no answer of another service, or of a Dome with another issuer, for its own", async () => {
    const desk = await ready();
    desk.service = new FakeService((seen) =>
      seen.url.includes("oauth-authorization-server")
        ? Response.json({ issuer: "https://other.example.com" })
        : healthy(seen),
    );
    const { exit, stderr } = await desk.type("deploy");
    expect(exit).toBe(1);
    expect(stderr).toContain("another service answers");
  });

  it("refuses to take a domain from something that answers there, which wrangler would do unasked", async () => {
    const desk = await ready();
    desk.service = new FakeService(new Response("a shop"));
    const { exit, stderr } = await desk.type("deploy");
    expect(exit).toBe(1);
    expect(stderr).toContain("dome.example.com already exists and another service answers there (200)");
    expect(desk.account.changes).toEqual([]);

    desk.service = new FakeService(healthy);
    expect(await desk.type("deploy", "--take-over-domain")).toMatchObject({ exit: 0 });
  });

  it("refuses without setup (2) and without secrets (1)", async () => {
    const desk = new Desk();
    expect(await desk.type("deploy")).toMatchObject({
      exit: 2,
      stderr:
        "error: wrangler.generated.json is missing: set up this account first\n" +
        "next: npm run cf:setup -- --public-url URL",
    });
    await desk.type("setup", "--public-url", URL_OF_DOME);
    desk.account.secrets.delete("DOME_ADMIN_TOKEN");
    expect(await desk.type("deploy")).toMatchObject({
      exit: 1,
      stderr: "error: dome lacks DOME_ADMIN_TOKEN\nnext: npm run cf:setup -- --public-url URL",
    });
    expect(desk.account.deployments).toBe(0);
  });

  it("says what a plan lacks, in one line", async () => {
    const desk = await ready();
    desk.account.failure = {
      at: "deploy --config",
      says: "A request to the Cloudflare API failed.\n\n  CPU limits are not supported for the Free plan. [code: 100328]",
    };
    const { exit, stderr } = await desk.type("deploy");
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^error: plan limit: Dome needs Workers Paid/);
  });

  it("with --dry-run prints its commands, and neither runs them nor asks the URL", async () => {
    const desk = await ready();
    const before = desk.files;
    const { exit, stdout } = await desk.type("deploy", "--dry-run");
    expect(exit).toBe(0);
    expect(desk.account.said).toEqual(QUESTIONS);
    expect(told(stdout)).toEqual(CHANGES.map((line) => `would run: wrangler ${line}`));
    expect(desk.service.seen).toEqual([]);
    expect(desk.files).toEqual(before);
  });

  it("with --dry-run and no login prints the same commands", async () => {
    const desk = await ready();
    desk.account.loggedIn = false;
    const { exit, stdout } = await desk.type("deploy", "--dry-run");
    expect(exit).toBe(0);
    expect(desk.account.said).toEqual(["whoami --json"]);
    expect(told(stdout)).toEqual(DEPLOYMENT.map((line) => `would run: wrangler ${line}`));
  });

  it("with --dry-run on a fresh clone shows the commands for an installation, and asks and writes nothing", async () => {
    const desk = new Desk();
    const { exit, stdout, stderr } = await desk.type("deploy", "--dry-run");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toContain(
      "wrangler.generated.json is missing: the commands below are for an installation",
    );
    expect(told(stdout)).toEqual(DEPLOYMENT.slice(1).map((line) => `would run: wrangler ${line}`));
    expect(desk.account.said).toEqual([]);
    expect(desk.service.seen).toEqual([]);
    expect(desk.files).toEqual({});
  });
});

describe("cf:deploy and the objects' Worker", () => {
  /** A desk that has deployed once. */
  async function deployed(): Promise<Desk> {
    const desk = await ready();
    await desk.type("deploy");
    desk.account.calls.length = 0;
    return desk;
  }

  it("is left running while its code and configuration are the same, because deploying it restarts every object", async () => {
    const desk = await deployed();
    const { exit, stdout } = await desk.type("deploy");
    expect(exit).toBe(0);
    expect(stdout).toContain("dome-objects: unchanged, its objects keep running");
    expect(desk.account.releases).toHaveLength(1);
    expect(desk.account.deployments).toBe(2);
  });

  it("is known by what runs in the account, so that another machine does not restart it either", async () => {
    const desk = await deployed();
    const elsewhere = new Desk();
    Object.assign(elsewhere, { account: desk.account });
    await elsewhere.type("setup", "--public-url", URL_OF_DOME);
    await elsewhere.type("deploy");
    expect(desk.account.releases).toHaveLength(1);
  });

  it("is deployed when its code has changed, before the door", async () => {
    const desk = await deployed();
    desk.bundle += "\nexport class LedgerObject {}";
    await desk.type("deploy");
    expect(new Set(desk.account.releases).size).toBe(2);
    expect(desk.account.changes.map(plain).slice(-2)).toEqual(DEPLOYMENT.slice(-2));
  });

  it("is deployed when its configuration has changed", async () => {
    const desk = await deployed();
    const path = desk.path("wrangler.generated.json");
    const generated = JSON.parse(readFileSync(path, "utf8")) as { vars: Record<string, string> };
    generated.vars["DOME_EGRESS_ALLOW"] = "https://login.corp.internal";
    writeFileSync(path, JSON.stringify(generated));
    await desk.type("deploy");
    expect(new Set(desk.account.releases).size).toBe(2);
  });

  it("is deployed with --objects, whatever has changed", async () => {
    const desk = await deployed();
    await desk.type("deploy", "--objects");
    expect(desk.account.releases).toHaveLength(2);
  });

  it("is deployed when the account does not say what runs there", async () => {
    const desk = await deployed();
    desk.account.failure = { at: "versions view" };
    expect(await desk.type("deploy")).toMatchObject({ exit: 0 });
    expect(desk.account.releases).toHaveLength(2);
  });

  it("stops the door from being deployed when it fails itself", async () => {
    const desk = await ready();
    desk.account.failure = { at: "deploy --config wrangler.generated-objects.json" };
    expect(await desk.type("deploy")).toMatchObject({ exit: 1 });
    expect(desk.account.deployments).toBe(0);
  });
});

describe("cf:migrate", () => {
  it("applies what the database lacks, and nothing when it lacks nothing", async () => {
    const desk = await ready();
    expect((await desk.type("migrate")).stdout).toContain("migrations: applied");
    expect(desk.account.said).toEqual([
      "whoami --json",
      "d1 migrations apply DB --remote --config wrangler.generated.json",
    ]);
    expect((await desk.type("migrate")).stdout).toContain("migrations: none to apply");
  });

  it("puts migrations in as files where D1 cuts a trigger apart, each with its note, and leaves out those it has", async () => {
    const desk = await ready();
    desk.account.migrations.add("0001_registry.sql").add("0002_operators.sql");
    desk.account.failure = {
      at: "d1 migrations",
      says: "A request to the Cloudflare API failed.\n\n  incomplete input: SQLITE_ERROR [code: 7500]",
    };
    const sent: string[] = [];
    const { run } = desk.account;
    Object.assign(desk.account, {
      run: async (call: Parameters<typeof run>[0]) => {
        const file = call.args[call.args.indexOf("--file") + 1] ?? "";
        if (call.args.includes("--file")) sent.push(readFileSync(desk.path(file), "utf8"));
        return run(call);
      },
    });
    const { exit, stdout, stderr } = await desk.type("migrate");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(desk.account.said.slice(1, 4)).toEqual([
      "d1 migrations apply DB --remote --config wrangler.generated.json",
      "d1 execute DB --remote --json --command SELECT name FROM d1_migrations ORDER BY id --config wrangler.generated.json",
      "d1 execute DB --remote --yes --file .dome/cloudflare/migrations/dome.0003_incident.sql --config wrangler.generated.json",
    ]);
    expect(stdout).toContain("migration 0003_incident.sql: applied as a file");
    expect(sent[0]).toContain("INSERT INTO d1_migrations (name) VALUES ('0003_incident.sql');");
    expect(sent).toHaveLength(readdirSync("migrations").length - 2);
    expect(Object.keys(desk.files).filter((name) => name.endsWith(".sql"))).toEqual([]);
  });

  it("ends at the first file that fails, and goes on there the next time", async () => {
    const desk = await ready();
    desk.account.failure = { at: "d1 migrations", says: "incomplete input: SQLITE_ERROR [code: 7500]" };
    const { run } = desk.account;
    Object.assign(desk.account, {
      run: async (call: Parameters<typeof run>[0]) =>
        call.args.some((arg) => arg.endsWith("0002_operators.sql"))
          ? { code: 1, stdout: "", stderr: "✘ [ERROR] no such table: operators" }
          : run(call),
    });
    const { exit, stderr } = await desk.type("migrate");
    expect(exit).toBe(1);
    expect(stderr).toContain("no such table: operators");
    expect(desk.account.changes.filter((line) => line.includes("--file"))).toHaveLength(1);
  });

  it("with --dry-run works on a fresh clone", async () => {
    const desk = new Desk();
    const { exit, stdout } = await desk.type("migrate", "--dry-run");
    expect(exit).toBe(0);
    expect(told(stdout)).toEqual([
      "would run: wrangler d1 migrations apply DB --remote --config wrangler.generated.json",
    ]);
    expect(desk.files).toEqual({});
  });

  it("with --dry-run prints its command and applies nothing", async () => {
    const desk = await ready();
    const { stdout } = await desk.type("migrate", "--dry-run");
    expect(stdout).toContain(
      "would run: wrangler d1 migrations apply DB --remote --config wrangler.generated.json",
    );
    expect(desk.account.migrated).toBe(false);
  });

  it("refuses a damaged configuration rather than guess an account", async () => {
    const desk = await ready();
    writeFileSync(desk.path("wrangler.generated.json"), "{");
    expect(await desk.type("migrate")).toMatchObject({ exit: 1 });
    rmSync(desk.path("wrangler.generated.json"));
    expect(await desk.type("migrate")).toMatchObject({ exit: 2 });
    expect(desk.account.changes).toEqual([]);
  });
});
