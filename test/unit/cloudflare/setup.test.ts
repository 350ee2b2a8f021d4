import { readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkKeyForm } from "../../../src/credentials/key-format.ts";
import { deriveKeys, parseRootKeys } from "../../../src/secrets/root-key.ts";
import { ACCOUNT, DATABASE_ID, Desk, URL_OF_DOME } from "./fake-account.ts";

const SETUP = ["setup", "--public-url", URL_OF_DOME];

const FIRST_RUN = [
  "whoami --json",
  "d1 list --json",
  "d1 create dome",
  "d1 list --json",
  "queues info dome-audit-dlq",
  "queues create dome-audit-dlq --message-retention-period-secs 1209600",
  "queues info dome-audit",
  "queues create dome-audit --message-retention-period-secs 1209600",
  "secret list --name dome-objects --format json",
  "secret list --name dome --format json",
  "secret bulk --name dome-objects",
  "secret bulk --name dome",
];

const SECOND_RUN = [
  "whoami --json",
  "d1 list --json",
  "queues info dome-audit-dlq",
  "queues info dome-audit",
  "secret list --name dome-objects --format json",
  "secret list --name dome --format json",
];

const secretsOf = ({ account }: Desk): [string, string] => [
  account.secrets.get("DOME_ROOT_KEY") ?? "",
  account.secrets.get("DOME_ADMIN_TOKEN") ?? "",
];

describe("cf:setup on an account that has nothing", () => {
  it("looks for each thing, makes it, and ends with the configurations", async () => {
    const desk = new Desk();
    const { exit, stderr } = await desk.type(...SETUP);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(desk.account.said).toEqual(FIRST_RUN);
    expect(JSON.parse(readFileSync(desk.path("wrangler.generated.json"), "utf8"))).toMatchObject({
      name: "dome",
      account_id: ACCOUNT,
      main: "src/door-worker.ts",
      workers_dev: false,
      preview_urls: false,
      routes: [{ pattern: "dome.example.com", custom_domain: true }],
      vars: { DOME_PUBLIC_URL: URL_OF_DOME, DOME_AUDIT_SINK: "queue", DOME_LOG: "1/100" },
      d1_databases: [
        { binding: "DB", database_name: "dome", database_id: DATABASE_ID, migrations_dir: "migrations" },
      ],
      limits: { cpu_ms: 300 },
    });
    const objects: unknown = JSON.parse(readFileSync(desk.path("wrangler.generated-objects.json"), "utf8"));
    expect(objects).toMatchObject({
      name: "dome-objects",
      account_id: ACCOUNT,
      main: "src/objects-worker.ts",
      workers_dev: false,
      preview_urls: false,
      vars: { DOME_PUBLIC_URL: URL_OF_DOME, DOME_AUDIT_SINK: "queue" },
      d1_databases: [{ binding: "DB", database_id: DATABASE_ID }],
    });
    expect(objects).not.toHaveProperty("routes");
  });

  it("gives both Workers the root key, and only the door the admin token, which only the door reads", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    expect([...desk.account.objectsSecrets]).toEqual([["DOME_ROOT_KEY", secretsOf(desk)[0]]]);
    expect([...desk.account.secrets.keys()]).toEqual(["DOME_ROOT_KEY", "DOME_ADMIN_TOKEN"]);
  });

  it("names the account in every call after the first, because a login may reach several", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    expect(desk.account.calls.map(({ account }) => account)).toEqual([
      null,
      ...FIRST_RUN.slice(1).map(() => ACCOUNT),
    ]);
  });

  it("makes an admin token that the root key it uploads has signed", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    const [rootKey, token] = secretsOf(desk);
    const keys = parseRootKeys(rootKey);
    if (!keys.ok) throw new Error(keys.error.kind);
    const [{ formKey }] = await deriveKeys(keys.value);
    expect(await checkKeyForm("operator", token, [formKey])).toBe(true);
  });

  it("never puts a secret into an argument, and shows the token exactly once (P4)", async () => {
    const desk = new Desk();
    const { stdout } = await desk.type(...SETUP);
    const [rootKey, token] = secretsOf(desk);
    for (const line of desk.account.said) {
      expect(line).not.toContain(rootKey);
      expect(line).not.toContain(token);
    }
    expect(stdout.split(token)).toHaveLength(2);
    expect(stdout).not.toContain(rootKey);
    expect(Object.entries(desk.files).filter(([, text]) => text.includes(token))).toEqual([]);
    expect(desk.files["wrangler.generated.json"]).not.toContain(rootKey);
  });

  it("writes the token to --token-file, 0600, instead of showing it", async () => {
    const desk = new Desk();
    const { stdout } = await desk.type(...SETUP, "--token-file", desk.path("admin.token"));
    const [, token] = secretsOf(desk);
    expect(readFileSync(desk.path("admin.token"), "utf8")).toBe(`${token}\n`);
    expect(statSync(desk.path("admin.token")).mode & 0o777).toBe(0o600);
    expect(stdout).not.toContain(token);
  });

  it("keeps a copy of the root key, 0600, because Cloudflare never gives it back", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    expect(readFileSync(desk.rootKeyFile, "utf8")).toBe(`${secretsOf(desk)[0]}\n`);
    expect(statSync(desk.rootKeyFile).mode & 0o777).toBe(0o600);
  });

  it("calls everything after --name, so that an account can hold several installations", async () => {
    const desk = new Desk();
    await desk.type(
      "setup",
      "--name",
      "dome-staging",
      "--public-url",
      "https://dome-staging.acme.workers.dev",
    );
    expect(desk.account.changes).toEqual([
      "d1 create dome-staging",
      "queues create dome-staging-audit-dlq --message-retention-period-secs 1209600",
      "queues create dome-staging-audit --message-retention-period-secs 1209600",
      "secret bulk --name dome-staging-objects",
      "secret bulk --name dome-staging",
    ]);
    const generated: unknown = JSON.parse(
      readFileSync(desk.path("wrangler.generated.dome-staging.json"), "utf8"),
    );
    expect(generated).toMatchObject({
      name: "dome-staging",
      workers_dev: true,
      queues: {
        producers: [{ binding: "AUDIT_QUEUE", queue: "dome-staging-audit" }],
      },
      durable_objects: { bindings: [{ name: "AGENT", script_name: "dome-staging-objects" }, {}, {}] },
    });
    expect(generated).not.toHaveProperty("routes");
    expect(
      JSON.parse(readFileSync(desk.path("wrangler.generated-objects.dome-staging.json"), "utf8")),
    ).toMatchObject({
      name: "dome-staging-objects",
      workers_dev: false,
      queues: {
        consumers: [
          { queue: "dome-staging-audit", dead_letter_queue: "dome-staging-audit-dlq" },
          { queue: "dome-staging-audit-dlq" },
        ],
      },
    });
  });

  it("counts requests of each installation apart, because a namespace of rate limits is of the whole account", async () => {
    const namespaces = async (name: string): Promise<string[]> => {
      const desk = new Desk();
      await desk.type("setup", "--name", name, "--public-url", URL_OF_DOME);
      const file = name === "dome" ? "wrangler.generated.json" : `wrangler.generated.${name}.json`;
      const { ratelimits } = JSON.parse(readFileSync(desk.path(file), "utf8")) as {
        ratelimits: { namespace_id: string }[];
      };
      return ratelimits.map(({ namespace_id }) => namespace_id);
    };
    const all = [
      ...(await namespaces("dome")),
      ...(await namespaces("dome-a")),
      ...(await namespaces("dome-b")),
    ];
    expect(all.every((id) => /^[1-9]\d{3,9}$/.test(id))).toBe(true);
    expect(new Set(all).size).toBe(all.length);
  });

  it("makes the bucket for evidence only when asked, because nothing writes to it yet", async () => {
    const desk = new Desk();
    await desk.type(...SETUP, "--evidence-bucket", "--location", "weur");
    expect(desk.account.changes).toContain("r2 bucket create dome-evidence");
    expect(desk.account.changes).toContain("d1 create dome --location weur");
    await desk.type(...SETUP, "--evidence-bucket");
    expect(desk.account.changes.filter((line) => line.startsWith("r2"))).toHaveLength(1);
  });
});

describe("cf:setup again", () => {
  it("only looks, and changes nothing", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    const before = { files: desk.files, secrets: secretsOf(desk) };
    desk.account.calls.length = 0;
    const { exit, stdout } = await desk.type("setup");
    expect(exit).toBe(0);
    expect(desk.account.said).toEqual(SECOND_RUN);
    expect({ files: desk.files, secrets: secretsOf(desk) }).toEqual(before);
    expect(stdout).toContain("everything exists; nothing changed");
  });

  it("from another machine finds everything, makes no secret, and writes the same configuration", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    const elsewhere = new Desk();
    Object.assign(elsewhere, { account: desk.account });
    desk.account.calls.length = 0;
    expect(await elsewhere.type(...SETUP)).toMatchObject({ exit: 0 });
    expect(desk.account.said).toEqual(SECOND_RUN);
    expect(elsewhere.files).toEqual({
      "wrangler.generated.json": desk.files["wrangler.generated.json"],
      "wrangler.generated-objects.json": desk.files["wrangler.generated-objects.json"],
    });
  });

  it("keeps a variable that somebody has added to the generated configuration", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    const path = desk.path("wrangler.generated.json");
    const generated = JSON.parse(readFileSync(path, "utf8")) as { vars: Record<string, string> };
    generated.vars["DOME_CORS_ORIGINS"] = "https://console.example.com";
    generated.vars["DOME_LOG"] = "requests";
    writeFileSync(path, JSON.stringify(generated));
    await desk.type("setup");
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
      vars: {
        DOME_CORS_ORIGINS: "https://console.example.com",
        DOME_LOG: "requests",
        DOME_PUBLIC_URL: URL_OF_DOME,
      },
    });
  });
});

describe("cf:setup after a failure in the middle", () => {
  const steps = FIRST_RUN.filter((line) => / (?:create|bulk) /.test(line));

  it.each(steps)("goes on where it ended, when this failed: %s", async (step) => {
    const desk = new Desk();
    desk.account.failure = { at: step };
    const failed = await desk.type(...SETUP, "--token-file", desk.path("admin.token"));
    expect(failed.exit).toBe(1);
    expect(failed.stderr).toBe(
      `error: wrangler ${step} failed: Service unavailable [code: 7010]\n` +
        "next: read /home/op/.config/.wrangler/logs/wrangler.log, then run the command again",
    );
    const copies = desk.files;
    expect(await desk.type(...SETUP, "--token-file", desk.path("admin.token"))).toMatchObject({ exit: 0 });
    expect(desk.files).toMatchObject(copies);
    const made = desk.account.changes.filter((line) => !line.startsWith("secret bulk"));
    expect(new Set(made.filter((line) => line !== step)).size).toBe(
      made.filter((line) => line !== step).length,
    );
    expect(secretsOf(desk).map((value) => `${value}\n`)).toEqual([
      readFileSync(desk.rootKeyFile, "utf8"),
      readFileSync(desk.path("admin.token"), "utf8"),
    ]);
  });

  it("does not upload other secrets when the first upload was done and reported as failed", async () => {
    const desk = new Desk();
    desk.account.failure = { at: "secret bulk --name dome", after: true };
    expect(await desk.type(...SETUP, "--token-file", desk.path("admin.token"))).toMatchObject({ exit: 1 });
    const uploaded = secretsOf(desk);
    expect(await desk.type(...SETUP, "--token-file", desk.path("admin.token"))).toMatchObject({ exit: 0 });
    expect(secretsOf(desk)).toEqual(uploaded);
    expect(readFileSync(desk.path("admin.token"), "utf8")).toBe(`${uploaded[1]}\n`);
    expect(desk.account.changes.filter((line) => line === "secret bulk --name dome")).toHaveLength(1);
  });
});

describe("cf:setup --dry-run", () => {
  it("without a login prints the very commands of a first run, and touches nothing", async () => {
    const desk = new Desk();
    desk.account.loggedIn = false;
    const { exit, stdout } = await desk.type(...SETUP, "--dry-run");
    expect(exit).toBe(0);
    expect(desk.account.said).toEqual(["whoami --json"]);
    const printed = stdout.split("\n").filter((line) => line.startsWith("would run: wrangler "));
    expect(printed.map((line) => line.slice("would run: wrangler ".length))).toEqual(
      FIRST_RUN.map((line) =>
        line.startsWith("secret bulk")
          ? `${line}   (stdin: DOME_ROOT_KEY${line.endsWith("-objects") ? "" : ", DOME_ADMIN_TOKEN"})`
          : line,
      ),
    );
    expect(desk.files).toEqual({});
  });

  it("with a login looks at the account, prints only what is missing there, and touches nothing", async () => {
    const desk = new Desk();
    desk.account.databases.set("dome", DATABASE_ID);
    desk.account.queues.add("dome-audit-dlq");
    const { stdout } = await desk.type(...SETUP, "--dry-run", "--token-file", desk.path("admin.token"));
    expect(stdout.split("\n").filter((line) => line.startsWith("would"))).toEqual([
      "would run: wrangler queues create dome-audit --message-retention-period-secs 1209600",
      `would write ${desk.rootKeyFile}`,
      `would write ${desk.path("admin.token")}`,
      "would run: wrangler secret bulk --name dome-objects   (stdin: DOME_ROOT_KEY)",
      "would run: wrangler secret bulk --name dome   (stdin: DOME_ROOT_KEY, DOME_ADMIN_TOKEN)",
      "would write wrangler.generated-objects.json",
      "would write wrangler.generated.json",
    ]);
    expect(desk.account.changes).toEqual([]);
    expect(desk.files).toEqual({});
  });

  it("on a complete installation has nothing to do", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    desk.account.calls.length = 0;
    const { stdout } = await desk.type("setup", "--dry-run");
    expect(desk.account.said).toEqual(SECOND_RUN);
    expect(stdout).toContain("nothing to change");
  });
});

describe("cf:setup and the secrets of an earlier installation", () => {
  it("refuses to make a root key for a database that was used under another one", async () => {
    const desk = new Desk();
    desk.account.databases.set("dome", DATABASE_ID);
    desk.account.migrated = true;
    const { exit, stderr } = await desk.type(...SETUP);
    expect(exit).toBe(1);
    expect(stderr).toContain(
      "error: the database dome was used with a root key that this Worker does not have",
    );
    expect(desk.account.secrets.size).toBe(0);
  });

  it("refuses to replace a root key that was removed, and takes its copy back", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    const [rootKey, token] = secretsOf(desk);
    desk.account.secrets.delete("DOME_ROOT_KEY");
    desk.account.objectsSecrets.clear();
    const elsewhere = new Desk();
    Object.assign(elsewhere, { account: desk.account });
    expect(await elsewhere.type(...SETUP)).toMatchObject({ exit: 1 });
    expect(desk.account.secrets.has("DOME_ROOT_KEY")).toBe(false);
    expect(await elsewhere.type(...SETUP, "--root-key-file", desk.rootKeyFile)).toMatchObject({ exit: 0 });
    expect(secretsOf(desk)).toEqual([rootKey, token]);
  });

  it("makes a missing admin token from the copy of the root key, and only that", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    const [rootKey] = secretsOf(desk);
    desk.account.secrets.delete("DOME_ADMIN_TOKEN");
    await desk.type("setup");
    const upload = desk.account.calls.findLast(({ args }) => args[1] === "bulk");
    expect(Object.keys(JSON.parse(upload?.stdin ?? "{}") as object)).toEqual(["DOME_ADMIN_TOKEN"]);
    expect(secretsOf(desk)[0]).toBe(rootKey);
  });

  it("refuses a --token-file with somebody else's token, before anything is uploaded", async () => {
    const desk = new Desk();
    writeFileSync(desk.path("admin.token"), "dome_ot_other\n");
    const { exit } = await desk.type(...SETUP, "--token-file", desk.path("admin.token"));
    expect(exit).toBe(2);
    expect(desk.account.secrets.size).toBe(0);
    expect(readFileSync(desk.path("admin.token"), "utf8")).toBe("dome_ot_other\n");
  });
});

describe("cf:setup says in one line what is wrong", () => {
  const refusals: [string, string[], (desk: Desk) => void, number, RegExp][] = [
    [
      "the public URL is missing",
      ["setup"],
      () => undefined,
      2,
      /^error: the public URL is missing\nnext: npm run cf:setup/,
    ],
    [
      "a URL with a path",
      ["setup", "--public-url", `${URL_OF_DOME}/dome`],
      () => undefined,
      2,
      /is not a public URL/,
    ],
    ["http", ["setup", "--public-url", "http://dome.example.com"], () => undefined, 2, /is not a public URL/],
    [
      "another Worker's workers.dev",
      ["setup", "--public-url", "https://x.acme.workers.dev"],
      () => undefined,
      2,
      /https:\/\/dome\.SUBDOMAIN\.workers\.dev/,
    ],
    ["an unknown option", [...SETUP, "--fast"], () => undefined, 2, /^error: Unknown option '--fast'/],
    [
      "an unknown command",
      ["teardown"],
      () => undefined,
      2,
      /^error: the command is missing: give one of setup, deploy, migrate, rotate$/,
    ],
    [
      "the name of another's objects",
      [...SETUP, "--name", "dome-objects"],
      () => undefined,
      2,
      /is for the objects' Worker/,
    ],
    ["a bad name", [...SETUP, "--name", "Dome_1"], () => undefined, 2, /"Dome_1" is not a valid --name/],
    [
      "no login",
      SETUP,
      ({ account }) => void (account.loggedIn = false),
      1,
      /^error: not logged in to Cloudflare\nnext: npx wrangler login/,
    ],
    [
      "several accounts",
      SETUP,
      ({ account }) => void account.accounts.push({ id: "other", name: "Other" }),
      2,
      /^error: the login has several accounts\nnext: add --account ID/,
    ],
    [
      "an account out of reach",
      [...SETUP, "--account", "nope"],
      () => undefined,
      2,
      /the login has no access to the account nope/,
    ],
    [
      "a full plan",
      SETUP,
      ({ account }) =>
        void (account.failure = {
          at: "d1 create",
          says: "You have reached the maximum number of D1 databases for your account.",
        }),
      1,
      /^error: plan limit: .*D1 databases.*\(wrangler d1 create dome\)\nnext: /,
    ],
    [
      "a token without the permission",
      SETUP,
      ({ account }) =>
        void (account.failure = {
          at: "queues info",
          says: "A request to the Cloudflare API failed.\n\n  Authentication error [code: 10000]",
        }),
      1,
      /^error: Cloudflare refused the login/,
    ],
    [
      "no network",
      SETUP,
      ({ account }) => void (account.failure = { at: "d1 list", says: "fetch failed" }),
      1,
      /^error: no connection to Cloudflare's API/,
    ],
  ];

  it.each(refusals)("%s", async (_name, argv, prepare, code, message) => {
    const desk = new Desk();
    prepare(desk);
    const { exit, stderr } = await desk.type(...argv);
    expect(stderr).toMatch(message);
    expect(exit).toBe(code);
    expect(stderr).not.toMatch(/\n\s+at |\.ts:/);
    expect(stderr.split("\n").length).toBeLessThanOrEqual(2);
  });

  it("refuses another public URL for an installation, because it is the issuer of its tokens", async () => {
    const desk = new Desk();
    await desk.type(...SETUP);
    const { exit, stderr } = await desk.type("setup", "--public-url", "https://other.example.com");
    expect(exit).toBe(2);
    expect(stderr).toContain("It is the issuer of its tokens and cannot change to https://other.example.com");
  });

  it("masks a secret that wrangler repeats in an error (P4)", async () => {
    const desk = new Desk();
    const refusal = desk.account.run;
    Object.assign(desk.account, {
      run: async (call: Parameters<typeof refusal>[0]) =>
        call.args[1] === "bulk"
          ? { code: 1, stdout: "", stderr: `✘ [ERROR] cannot parse ${call.stdin ?? ""}` }
          : refusal(call),
    });
    const { stderr } = await desk.type(...SETUP);
    const copy = readFileSync(desk.rootKeyFile, "utf8").trim();
    expect(stderr).toContain("[redacted]");
    expect(stderr).not.toContain(copy);
    expect(stderr).not.toMatch(/dome_ot_/);
  });
});
