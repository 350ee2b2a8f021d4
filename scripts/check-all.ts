/** `npm run check`: runs every check, also after one has failed, and says at the end which did. */
import { spawnSync } from "node:child_process";

const CHECKS = ["types", "lint", "format", "walls", "licences", "deploy", "reference"];

// One of them runs wrangler, which otherwise tells Cloudflare that it was run.
const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };

const failed = CHECKS.filter((check) => {
  console.log(`\n— ${check}`);
  return spawnSync("npm", ["run", "--silent", `check:${check}`], { stdio: "inherit", env }).status !== 0;
});

console.log(failed.length === 0 ? "\nall checks passed" : `\nchecks failed: ${failed.join(", ")}`);
if (failed.length > 0) process.exitCode = 1;
