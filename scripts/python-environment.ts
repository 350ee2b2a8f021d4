/** The environment of the Python SDK, for scripts that run programs in it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const SCRIPT = join(import.meta.dirname, "../sdk/python/environment");

/**
 * Makes the environment, or uses the existing one.
 * @returns the folder of its programs.
 * @throws Error when it cannot be made; the message says what to install.
 */
export function pythonPrograms(): string {
  const { status, stdout, stderr, error } = spawnSync(SCRIPT, { encoding: "utf8" });
  if (status !== 0) throw new Error(error === undefined ? stderr.trim() : error.message);
  return stdout.trim();
}
