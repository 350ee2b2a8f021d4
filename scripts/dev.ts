/**
 * `npm run dev`: wrangler dev with the bindings of wrangler.toml, reloading as files change. At its first run it makes
 * .dev.vars with secrets of its own, readable by their owner alone; it brings the local database to the newest schema
 * each time. Its state is wrangler's (.wrangler/), apart from that of `npm start`.
 *
 *   npm run dev [-- flags of wrangler dev]
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { mintKey } from "../src/credentials/key-format.ts";
import { toBase64 } from "../src/kernel/bytes.ts";
import { systemRandom } from "../src/kernel/random.ts";
import { deriveKeys, parseRootKeys } from "../src/secrets/root-key.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const VARS = join(ROOT, ".dev.vars");
const URL_OF_DEV = "http://127.0.0.1:8787";
const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
  "bin/wrangler.js",
);
const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };

async function makeVars(): Promise<void> {
  const rootKey = toBase64(systemRandom.bytes(32));
  const parsed = parseRootKeys(rootKey);
  if (!parsed.ok) throw new Error(parsed.error.kind);
  const [{ formKey }] = await deriveKeys(parsed.value);
  const lines = [
    "# Made by `npm run dev` for this machine. Remove it together with .wrangler/ to begin anew.",
    `DOME_ROOT_KEY="${rootKey}"`,
    `DOME_ADMIN_TOKEN="${await mintKey("operator", formKey, systemRandom)}"`,
    `DOME_PUBLIC_URL="${URL_OF_DEV}"`,
    'DOME_AUDIT_SINK="queue"',
  ];
  writeFileSync(VARS, `${lines.join("\n")}\n`, { mode: 0o600, flag: "wx" });
  console.log("made .dev.vars");
}

if (!existsSync(VARS)) await makeVars();

// Without a terminal wrangler does not ask whether it may.
const migrated = spawnSync(process.execPath, [WRANGLER, "d1", "migrations", "apply", "DB", "--local"], {
  cwd: ROOT,
  env,
  stdio: ["ignore", "pipe", "inherit"],
  encoding: "utf8",
});
if (migrated.status !== 0) {
  process.stderr.write(migrated.stdout);
  process.exit(1);
}

console.log(`the admin token is DOME_ADMIN_TOKEN in .dev.vars: ./dome login --url ${URL_OF_DEV}`);
const flags = process.argv.slice(2);
const address = flags.includes("--ip") ? [] : ["--ip", "127.0.0.1"];
const dev = spawn(process.execPath, [WRANGLER, "dev", ...address, ...flags], {
  cwd: ROOT,
  env,
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => void dev.kill(signal));
dev.once("exit", (code) => process.exit(code ?? 1));
