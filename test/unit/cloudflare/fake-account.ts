/**
 * An account behind a wrangler that answers as the pinned one does, in its words, and writes down every call. Calls can
 * be made to fail: before their effect, or after it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run } from "../../../scripts/cloudflare/commands.ts";
import { linesOf } from "../../../scripts/cloudflare/stop.ts";
import {
  readWranglerToml,
  type Call,
  type Outcome,
  type Wrangler,
} from "../../../scripts/cloudflare/wrangler.ts";
import { FakeService, type Seen } from "../client/fake-service.ts";

export const ACCOUNT = "0123456789abcdef0123456789abcdef";
export const DATABASE_ID = "6f1c1d3e-0000-4000-8000-000000000001";
export const URL_OF_DOME = "https://dome.example.com";

const REPOSITORY = join(import.meta.dirname, "../../..");
const TOML = await readWranglerToml(join(REPOSITORY, "wrangler.toml"));

export type Failure = { readonly at: string; readonly after?: boolean; readonly says?: string };

class FakeAccount implements Wrangler {
  readonly calls: Call[] = [];
  readonly databases = new Map<string, string>();
  readonly queues = new Set<string>();
  readonly buckets = new Set<string>();
  /** Of the door's Worker. */
  readonly secrets = new Map<string, string>();
  readonly objectsSecrets = new Map<string, string>();
  accounts: { id: string; name: string }[] = [{ id: ACCOUNT, name: "Example" }];
  loggedIn = true;
  migrated = false;
  /** The names that the table of migrations has, besides those of a complete `apply`. */
  readonly migrations = new Set<string>();
  /** Of the door's Worker. */
  deployments = 0;
  /** What the objects' Worker was deployed as, one entry per deployment. */
  readonly releases: string[] = [];
  /** The next call whose words begin like `at` fails, once. */
  failure: Failure | null = null;

  /** The words of each call, joined. */
  get said(): string[] {
    return this.calls.map(({ args }) => args.join(" "));
  }

  /** Those calls that are not questions. */
  get changes(): string[] {
    return this.said.filter((line) =>
      /^(?:d1 (?:create|migrations|execute DB --remote --yes)|queues create|secret bulk|deploy|r2 bucket create)/.test(
        line,
      ),
    );
  }

  readonly run = async (call: Call): Promise<Outcome> => {
    this.calls.push(call);
    const line = call.args.join(" ");
    const { failure } = this;
    if (failure === null || !`${line} `.startsWith(`${failure.at} `)) return this.#answer(call, line);
    this.failure = null;
    if (failure.after === true) this.#answer(call, line);
    return error(
      failure.says ??
        "A request to the Cloudflare API (/accounts/x) failed.\n\n  Service unavailable [code: 7010]",
    );
  };

  #answer(call: Call, line: string): Outcome {
    if (line === "whoami --json") {
      return this.loggedIn
        ? said(`\n${JSON.stringify({ loggedIn: true, authType: "OAuth Token", accounts: this.accounts })}`)
        : { code: 1, stdout: '\n{"loggedIn":false}', stderr: "" };
    }
    if (!this.loggedIn)
      return error(
        "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN environment variable for wrangler to work.",
      );
    const [name = ""] = [call.args[2]];
    if (line === "d1 list --json") {
      return said(
        JSON.stringify(
          [...this.databases].map(([each, uuid]) => ({ uuid, name: each })),
          null,
          2,
        ),
      );
    }
    if (line.startsWith("d1 create ")) {
      if (this.databases.has(name)) return error("A database with that name already exists");
      this.databases.set(name, DATABASE_ID);
      return said(`✅ Successfully created DB '${name}' in region WEUR`);
    }
    if (line.startsWith("d1 execute DB --remote --json ")) {
      return said(
        JSON.stringify([{ results: [...this.migrations].map((each) => ({ name: each })), success: true }]),
      );
    }
    if (line.startsWith("d1 execute DB --remote --yes --file ")) return said("🚣 Executed 3 queries");
    if (line.startsWith("d1 execute ")) {
      return said(
        JSON.stringify([{ results: this.migrated ? [{ name: "d1_migrations" }] : [], success: true }]),
      );
    }
    if (line.startsWith("d1 migrations apply DB --remote")) {
      if (this.migrated) return said("✅ No migrations to apply!");
      this.migrated = true;
      return said("Migrations to be applied:\n┌─┐");
    }
    if (line.startsWith("queues info ")) {
      return this.queues.has(name)
        ? said(`Queue Name: ${name}\nQueue ID: 1\nNumber of Producers: 0`)
        : error(`Queue "${name}" does not exist. To create it, run: wrangler queues create ${name}`);
    }
    if (line.startsWith("queues create ")) {
      if (this.queues.has(name)) return error("Queue name already taken [code: 11009]");
      this.queues.add(name);
      return said(`🌀 Creating queue '${name}'\n✅ Created queue '${name}'`);
    }
    if (line.startsWith("r2 bucket info ")) {
      const bucket = call.args[3] ?? "";
      return this.buckets.has(bucket)
        ? said(JSON.stringify({ name: bucket }))
        : error("The specified bucket does not exist. [code: 10006]");
    }
    if (line.startsWith("r2 bucket create ")) {
      this.buckets.add(call.args[3] ?? "");
      return said("✅ Created bucket");
    }
    if (line.startsWith("secret list --name ")) {
      const secrets = this.#secretsOf(call.args[3]);
      if (secrets.size === 0)
        return error(
          `Worker "${call.args[3]}" not found.\n\nIf this is a new Worker, run \`wrangler deploy\` first to create it.`,
        );
      return said(
        JSON.stringify(
          [...secrets.keys()].map((each) => ({ name: each, type: "secret_text" })),
          null,
          2,
        ),
      );
    }
    if (line.startsWith("secret bulk --name ")) {
      for (const [key, value] of Object.entries(JSON.parse(call.stdin ?? "{}") as Record<string, string>))
        this.#secretsOf(call.args[3]).set(key, value);
      return said("✨ 2 secrets successfully created");
    }
    if (line.startsWith("deployments status --name ")) {
      return this.releases.length === 0
        ? error(`The Worker ${call.args[3]} has no deployments.`)
        : said(JSON.stringify({ versions: [{ version_id: `v${this.releases.length}`, percentage: 100 }] }));
    }
    if (line.startsWith("versions view ")) {
      const release = this.releases[Number(name.slice(1)) - 1];
      const binding = { type: "plain_text", name: "DOME_OBJECTS_RELEASE", text: release };
      return said(JSON.stringify({ id: name, resources: { bindings: [binding] } }));
    }
    if (line.startsWith("deploy --config wrangler.generated-objects")) {
      this.releases.push(call.args[4]?.split(":")[1] ?? "");
      return said("Uploaded dome-objects\nCurrent Version ID: 3f2a0000-0000-4000-8000-00000000000b");
    }
    if (line.startsWith("deploy --config ")) {
      this.deployments += 1;
      return said("Uploaded dome\nCurrent Version ID: 3f2a0000-0000-4000-8000-00000000000a");
    }
    throw new Error(`the fake account does not know: wrangler ${line}`);
  }

  #secretsOf(worker = ""): Map<string, string> {
    return worker.endsWith("-objects") ? this.objectsSecrets : this.secrets;
  }
}

const said = (stdout: string): Outcome => ({ code: 0, stdout, stderr: "" });
const error = (text: string): Outcome => ({
  code: 1,
  stdout: "",
  stderr: `\n✘ [ERROR] ${text}\n\n🪵  Logs were written to "/home/op/.config/.wrangler/logs/wrangler.log"\n`,
});

interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A person at a terminal, with an account, a folder and a service that answers. */
export class Desk {
  readonly account = new FakeAccount();
  readonly root: string = mkdtempSync(join(tmpdir(), "dome-cloudflare-"));
  service = new FakeService(healthy);
  env: NodeJS.ProcessEnv = {};
  /** The code of the objects' Worker. */
  bundle = "export class AgentObject {}";
  #drawn = 0;

  constructor() {
    symlinkSync(join(REPOSITORY, "migrations"), join(this.root, "migrations"));
    onTestFinished(() => rmSync(this.root, { recursive: true, force: true }));
  }

  /** Runs one command line, as main.ts does. */
  async type(...argv: readonly string[]): Promise<Ran> {
    const lines: string[] = [];
    try {
      await run(argv, this.env, {
        wrangler: this.account,
        random: { bytes: (length) => Uint8Array.from({ length }, () => (this.#drawn += 7) % 251) },
        fetch: this.service.fetch,
        sleep: this.service.ports.timers.sleep,
        print: (line) => lines.push(line),
        wranglerToml: async () => TOML,
        objectsBundle: async () => this.bundle,
        root: this.root,
      });
      return { exit: 0, stdout: lines.join("\n"), stderr: "" };
    } catch (thrown) {
      const { lines: errors, exit } = linesOf(thrown);
      return { exit, stdout: lines.join("\n"), stderr: errors.join("\n") };
    }
  }

  path(name: string): string {
    return join(this.root, name);
  }

  get rootKeyFile(): string {
    return this.path(`.dome/cloudflare/${ACCOUNT}/dome.root.key`);
  }

  /** Every file in the folder but the migrations, with its content. */
  get files(): Record<string, string> {
    const found = readdirSync(this.root, { recursive: true, encoding: "utf8" })
      .filter((name) => !name.startsWith("migrations/") && statSync(join(this.root, name)).isFile())
      .map((name) => [name, readFileSync(join(this.root, name), "utf8")] as const);
    return Object.fromEntries(found);
  }
}

/** A Dome that is well, and has the workspace `default` when it was made. */
export const healthy = ({ url }: Seen): Response => {
  const { pathname } = new URL(url);
  const headers = { "dome-request-id": "req_1" };
  if (pathname === "/healthz" || pathname === "/readyz") return Response.json({ status: "ok" }, { headers });
  if (pathname === "/.well-known/jwks.json") return Response.json({ keys: [{ kid: "k1" }] }, { headers });
  if (pathname.startsWith("/.well-known/")) return Response.json({ issuer: URL_OF_DOME }, { headers });
  throw new Error(`the fake service does not know ${pathname}`);
};
