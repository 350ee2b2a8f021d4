/**
 * `npm run check:deploy`: whether the pinned wrangler takes wrangler.toml and the two Workers of production that are made
 * from it. No account, no network.
 */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { configurationsFor, namesFor } from "./cloudflare/installation.ts";
import { pinnedScript, readWranglerToml } from "./cloudflare/wrangler.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };

const accepts = (file: string): boolean => {
  const args = [pinnedScript(), "deploy", "--dry-run", "--config", file];
  return spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: "inherit" }).status === 0;
};

const names = namesFor("dome-check");
const { door, objects } = configurationsFor(await readWranglerToml(join(ROOT, "wrangler.toml")), names, {
  account: "0".repeat(32),
  databaseId: "00000000-0000-4000-8000-000000000000",
  publicUrl: "https://dome.example.com",
  customDomain: true,
});
// Beside wrangler.toml, because paths are relative to the file; git ignores them by their names.
const made = [
  [names.file, door],
  [names.objectsFile, objects],
] as const;
try {
  for (const [file, configuration] of made) writeFileSync(join(ROOT, file), JSON.stringify(configuration));
  const refused = ["wrangler.toml", names.objectsFile, names.file].filter((file) => !accepts(file));
  if (refused.length > 0) {
    console.error(`wrangler does not take ${refused.join(", ")}`);
    process.exitCode = 1;
  }
} finally {
  for (const [file] of made) rmSync(join(ROOT, file), { force: true });
}
