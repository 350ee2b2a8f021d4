import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Workspace } from "../../../src/contract/workspace.ts";
import { FakeService, problem } from "../client/fake-service.ts";
import { Desk, healthy, URL_OF_DOME } from "./fake-account.ts";

const TOKEN = `dome_ot_${"T".repeat(49)}`;

const DEPLOYMENT = [
  "whoami --json",
  "secret list --name dome --format json",
  "d1 migrations apply DB --remote --config wrangler.generated.json",
  "deploy --config wrangler.generated.json",
];

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

/** What fetch throws when there is no connection. */
const unconnected = (fault: string): Error =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: fault }) });
const paths = ({ service }: Desk): string[] =>
  service.seen.map(({ method, url }) => `${method} ${new URL(url).pathname}`);

describe("cf:deploy", () => {
  it("applies migrations before it deploys, and then asks the Worker whether it is well", async () => {
    const desk = await ready();
    const { exit, stdout, stderr } = await desk.type("deploy");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(desk.account.said).toEqual(DEPLOYMENT);
    expect(paths(desk)).toEqual([
      "GET /healthz", // is the domain ours
      "GET /healthz",
      "GET /readyz",
      "GET /.well-known/oauth-authorization-server",
    ]);
    expect(stdout).toContain("deployed: version 3f2a0000-0000-4000-8000-00000000000a");
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
    const path = desk.path("wrangler.generated.json");
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
      `error: deployed, but ${URL_OF_DOME}/readyz does not answer as it should: status 503\n` +
        "next: when it answers: npm run cf:deploy -- --only-smoke-test; to go back: npx wrangler rollback",
    );
  });

  it("takes no answer of another service, or of a Dome with another issuer, for its own", async () => {
    const desk = await ready();
    desk.service = new FakeService((seen) =>
      seen.url.includes(".well-known")
        ? Response.json({ issuer: "https://other.example.com" })
        : healthy(seen),
    );
    const { exit, stderr } = await desk.type("deploy");
    expect(exit).toBe(1);
    expect(stderr).toContain("it is another service that answers");
  });

  it("refuses to take a domain from something that answers there, which wrangler would do unasked", async () => {
    const desk = await ready();
    desk.service = new FakeService(new Response("a shop"));
    const { exit, stderr } = await desk.type("deploy");
    expect(exit).toBe(1);
    expect(stderr).toContain("dome.example.com exists already and something else answers there (200)");
    expect(desk.account.changes).toEqual([]);

    desk.service = new FakeService(healthy);
    expect(await desk.type("deploy", "--take-over-domain")).toMatchObject({ exit: 0 });
  });

  it("refuses without setup (2) and without secrets (1)", async () => {
    const desk = new Desk();
    expect(await desk.type("deploy")).toMatchObject({
      exit: 2,
      stderr:
        "error: wrangler.generated.json is not there: this account is not set up from here\n" +
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
      at: "deploy",
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
    expect(desk.account.said).toEqual(DEPLOYMENT.slice(0, 2));
    expect(stdout.split("\n").filter((line) => line.startsWith("would run"))).toEqual(
      DEPLOYMENT.slice(2).map((line) => `would run: wrangler ${line}`),
    );
    expect(desk.service.seen).toEqual([]);
    expect(desk.files).toEqual(before);
  });

  it("with --dry-run and no login prints the same commands", async () => {
    const desk = await ready();
    desk.account.loggedIn = false;
    const { exit, stdout } = await desk.type("deploy", "--dry-run");
    expect(exit).toBe(0);
    expect(desk.account.said).toEqual(["whoami --json"]);
    expect(stdout.split("\n").filter((line) => line.startsWith("would run"))).toEqual(
      DEPLOYMENT.map((line) => `would run: wrangler ${line}`),
    );
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
