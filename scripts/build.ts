/**
 * Builds what runs from what is written, into dist/:
 *   worker/index.js          the Worker, one ES module
 *   cli/dome.js              the command line, an executable; what a command alone needs is in chunks beside it
 *   embedded/dome-server.js  the single-machine server; miniflare stays outside, because it finds its files by its place
 *   embedded/dome-watcher.js what ends the server's runtime when the server was killed
 *   schema/index.js          the Worker that brings that server's database to the migrations
 *   migrations/*.sql         as they are
 *
 * A file is replaced only when its content differs, and by renaming: a server or a command that runs meanwhile, or a
 * second build, never meets half a file.
 *
 *   node scripts/build.ts [--quiet]
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";
import { FOR_WORKERD } from "./worker-bundle.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(ROOT, "dist");

const ON_NODE: BuildOptions = {
  platform: "node",
  target: "node20",
  // Bundled CommonJS asks for Node's modules with `require`, which an ES module lacks.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
};

const TARGETS: readonly { folder: string; executable?: string; options: BuildOptions }[] = [
  {
    folder: "worker",
    options: {
      ...FOR_WORKERD,
      entryPoints: { index: "src/worker.ts" },
    },
  },
  {
    folder: "schema",
    options: {
      ...FOR_WORKERD,
      entryPoints: { index: "src/embedded/schema-worker.ts" },
    },
  },
  {
    folder: "cli",
    executable: "dome.js",
    options: {
      ...ON_NODE,
      entryPoints: { dome: "src/cli/main.ts" },
      banner: { js: `#!/usr/bin/env node\n${ON_NODE.banner?.["js"] ?? ""}` },
      splitting: true,
      chunkNames: "[name]-[hash]",
      minifySyntax: true,
      minifyWhitespace: true,
    },
  },
  {
    folder: "embedded",
    options: {
      ...ON_NODE,
      entryPoints: { "dome-server": "src/embedded/main.ts", "dome-watcher": "src/embedded/watcher.ts" },
      external: ["miniflare"],
    },
  },
];

/** @returns true when the file was not there or had another content. */
function replace(path: string, content: Uint8Array, mode: number): boolean {
  const old = readOrNull(path);
  if (old !== null && Buffer.compare(old, content) === 0) return false;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, content);
  chmodSync(draft, mode);
  renameSync(draft, path);
  return true;
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

/** Removes what an earlier build left in a folder. */
function keepOnly(folder: string, names: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) {
    if (!names.has(name) && !name.endsWith(".draft"))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}

async function buildTarget({ folder, executable, options }: (typeof TARGETS)[number]): Promise<string[]> {
  const outdir = join(DIST, folder);
  const { outputFiles } = await build({
    bundle: true,
    format: "esm",
    charset: "utf8",
    absWorkingDir: ROOT,
    outdir,
    logLevel: "warning",
    ...options,
    write: false,
  });
  const changed = outputFiles.filter(({ path, contents }) =>
    replace(path, contents, basename(path) === executable ? 0o755 : 0o644),
  );
  keepOnly(outdir, new Set(outputFiles.map(({ path }) => basename(path))));
  return changed.map(({ path }) => path);
}

async function copyMigrations(): Promise<string[]> {
  const names = readdirSync(join(ROOT, "migrations")).filter((name) => name.endsWith(".sql"));
  const copied = names.filter((name) =>
    replace(join(DIST, "migrations", name), readFileSync(join(ROOT, "migrations", name)), 0o644),
  );
  keepOnly(join(DIST, "migrations"), new Set(names));
  return copied.map((name) => join(DIST, "migrations", name));
}

const quiet = process.argv.includes("--quiet");
const built = await Promise.allSettled([...TARGETS.map(buildTarget), copyMigrations()]);
const changed = built.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
const faults = built.flatMap((result): unknown[] => (result.status === "rejected" ? [result.reason] : []));
if (!quiet) {
  for (const path of changed) console.log(relative(ROOT, path));
  console.log(`built in ${Math.round(performance.now())} ms; ${changed.length} files changed`);
}
for (const fault of faults) {
  // esbuild has printed its own errors, each with its place.
  if (!(fault instanceof Error && "errors" in fault)) console.error(fault);
  process.exitCode = 1;
}
