/** How a Worker is bundled for workerd: the real one by the build, and those with windows in them for bench and tests. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";

export const FOR_WORKERD: BuildOptions = {
  platform: "browser",
  target: "es2024",
  conditions: ["workerd", "worker", "browser"],
  external: ["cloudflare:*", "node:*"],
};

/**
 * A Worker as one module, built as the real one is.
 * @param entry its entry, from the root of the repository.
 * @returns the module's text.
 */
export async function bundleWorker(entry: string): Promise<string> {
  const { outputFiles } = await build({
    ...FOR_WORKERD,
    entryPoints: [entry],
    absWorkingDir: dirname(dirname(fileURLToPath(import.meta.url))),
    bundle: true,
    format: "esm",
    charset: "utf8",
    write: false,
  });
  const [module] = outputFiles ?? [];
  if (module === undefined) throw new Error(`the Worker of ${entry} was not built`);
  return module.text;
}
