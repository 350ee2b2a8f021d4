/** Vitest's globalSetup for the projects that run what is built: dist/ is that of the sources under test. */
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Three projects ask for it, each with a copy of this module, in one process. */
const done = globalThis as { domeIsBuilt?: boolean };

export default function setup(): void {
  if (done.domeIsBuilt === true) return;
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], {
    cwd: ROOT,
    stdio: "inherit",
  });
  done.domeIsBuilt = true;
}
