/**
 * `npm run dev`: wrangler dev with the bindings of wrangler.toml, reloading as files change. It is ready as `npm start` is:
 * newest schema, the workspace `default`, and two contexts, `dev` and `dev-admin`. Its state and its secrets, readable by
 * their owner alone, are in one folder, apart from that of `npm start`.
 *
 *   npm run dev [-- [--ip ADDRESS] [--port N] [--state FOLDER] [flags of wrangler dev]]
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, parseEnv } from "node:util";
import { mintKey } from "../src/credentials/key-format.ts";
import { makeDefaultWorkspace } from "../src/embedded/default-workspace.ts";
import { greet } from "../src/embedded/greeting.ts";
import { localUrl } from "../src/embedded/options.ts";
import { toBase64 } from "../src/kernel/bytes.ts";
import { systemTimers } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/random.ts";
import { deriveKeys, parseRootKeys } from "../src/secrets/root-key.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
  "bin/wrangler.js",
);
const LOOK_EVERY_MS = 250;

const OWN = {
  ip: { type: "string", default: "127.0.0.1" },
  port: { type: "string", default: "8787" },
  state: { type: "string", default: join(ROOT, ".wrangler/dome") },
} as const;

/** The flags that this script must know, and those that only wrangler knows, as they were typed. */
function readFlags(args: readonly string[]) {
  const { values, tokens } = parseArgs({ args: [...args], options: OWN, strict: false, tokens: true });
  const taken = new Set(
    tokens.flatMap((token) => {
      if (token.kind !== "option" || !(token.name in OWN)) return [];
      return token.inlineValue === false ? [token.index, token.index + 1] : [token.index];
    }),
  );
  return {
    ip: String(values.ip),
    port: String(values.port),
    state: resolve(String(values.state)),
    others: args.filter((_, index) => !taken.has(index)),
  };
}

/** @param issuer of all tokens, from now on. */
async function makeSecrets(path: string, issuer: string): Promise<void> {
  const rootKey = toBase64(systemRandom.bytes(32));
  const parsed = parseRootKeys(rootKey);
  if (!parsed.ok) throw new Error(parsed.error.kind);
  const [{ formKey }] = await deriveKeys(parsed.value);
  const lines = [
    "# Made by `npm run dev` for this machine. To start from scratch, remove this folder.",
    `DOME_ROOT_KEY="${rootKey}"`,
    `DOME_ADMIN_TOKEN="${await mintKey("operator", formKey, systemRandom)}"`,
    `DOME_PUBLIC_URL="${issuer}"`,
    'DOME_AUDIT_SINK="queue"',
  ];
  writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o600, flag: "wx" });
}

/** True if a server listens at this address already. */
async function isTaken(host: string, at: number): Promise<boolean> {
  const socket = connect({ host, port: at });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false; // refused
  } finally {
    socket.destroy();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`)).ok;
  } catch {
    return false; // it has not begun to listen
  }
}

const { ip, port, state, others } = readFlags(process.argv.slice(2));
const url = localUrl(ip, Number(port));
const secrets = join(state, "secrets.env");
mkdirSync(state, { recursive: true, mode: 0o700 });
if (!existsSync(secrets)) await makeSecrets(secrets, url);
const { DOME_ADMIN_TOKEN: adminToken = "", DOME_PUBLIC_URL: issuer = url } = parseEnv(
  readFileSync(secrets, "utf8"),
);

if (await isTaken(ip, Number(port))) {
  // The script would send the admin token to a server that is not its own.
  process.stderr.write(`dome: another server listens at ${url}; stop it, or choose another --port\n`);
  process.exit(1);
}

const onWrangler = { cwd: ROOT, env: { ...process.env, WRANGLER_SEND_METRICS: "false" } };
// Without a terminal wrangler does not ask whether it may.
const migrated = spawnSync(
  process.execPath,
  [WRANGLER, "d1", "migrations", "apply", "DB", "--local", "--persist-to", state],
  { ...onWrangler, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" },
);
if (migrated.status !== 0) {
  process.stderr.write(migrated.stdout);
  process.exit(1);
}

const dev = spawn(
  process.execPath,
  [WRANGLER, "dev", "--ip", ip, "--port", port, "--persist-to", state, "--env-file", secrets, ...others],
  { ...onWrangler, stdio: "inherit" },
);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => void dev.kill(signal));
const ended = once(dev, "exit").then(([code]: (number | null)[]) => process.exit(code ?? 1));

while (!(await answers(url))) await Promise.race([systemTimers.sleep(LOOK_EVERY_MS), ended]);
const made = await makeDefaultWorkspace(url, adminToken, systemTimers);
if (made.ok)
  await greet({ url, issuer, adminToken, testIssuer: null, stateFolder: null, contextName: "dev" });
else process.stderr.write(`dome: ${made.error.line}\n`);
