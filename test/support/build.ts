/** Vitest's globalSetup for the projects that run what is built: dist/ is that of the sources under test. */
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export default function setup(): void {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], {
    cwd: ROOT,
    stdio: "inherit",
  });
}
