/** How a Worker is bundled for workerd: the real one by the build, and those with windows in them for bench and tests. */
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";

export const FOR_WORKERD: BuildOptions = {
  platform: "browser",
  target: "es2024",
  conditions: ["workerd", "worker", "browser"],
  external: ["cloudflare:*", "node:*"],
  // WebAssembly stays a file beside the module: workerd compiles none from bytes at run time.
  loader: { ".wasm": "copy" },
  assetNames: "[name]",
  // Names stay. The runtime compiles all of the text at each start, and the embedded server sends it to the runtime.
  minifySyntax: true,
  minifyWhitespace: true,
};

/**
 * A Worker, built as the real one is.
 * @param entry its entry, from the root of the repository.
 * @returns its files by name: `index.js`, and the WebAssembly that it imports.
 */
export async function bundleWorker(entry: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const { outputFiles } = await build({
    ...FOR_WORKERD,
    entryPoints: { index: entry },
    absWorkingDir: dirname(dirname(fileURLToPath(import.meta.url))),
    outdir: "dist/worker",
    bundle: true,
    format: "esm",
    charset: "utf8",
    write: false,
  });
  return new Map((outputFiles ?? []).map(({ path, contents }) => [basename(path), contents]));
}
