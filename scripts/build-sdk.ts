/**
 * Builds the package for agents into sdk/typescript/dist: JavaScript for every runtime it is for, and declarations. `npm
 * pack` runs it.
 *
 *   node scripts/build-sdk.ts
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SDK = join(ROOT, "sdk/typescript");

rmSync(join(SDK, "dist"), { recursive: true, force: true });
await build({
  absWorkingDir: SDK,
  entryPoints: [
    "src/dome.ts",
    "src/context.ts",
    "src/adapters/ai.ts",
    "src/adapters/express.ts",
    "src/adapters/hono.ts",
  ],
  outdir: "dist",
  outbase: "src",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  charset: "utf8",
  chunkNames: "chunks/[name]-[hash]",
  logLevel: "warning",
});
execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"], {
  cwd: SDK,
  stdio: "inherit",
});

// The compiler leaves the names of sources in declarations; there, modules have the names that they run under.
for (const name of readdirSync(join(SDK, "dist"), { recursive: true, encoding: "utf8" })) {
  if (!name.endsWith(".d.ts")) continue;
  const path = join(SDK, "dist", name);
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(/(from "\.{1,2}\/[\w./-]+)\.ts"/g, '$1.js"'));
}
