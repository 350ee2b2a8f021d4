/**
 * Administration of a Dome in a Cloudflare account.
 *
 *   npm run cf:setup   -- --public-url https://dome.example.com
 *   npm run cf:deploy
 *   npm run cf:migrate
 *   npm run cf:rotate
 *
 * Exit codes: 0 done, 1 it could not be done, 2 the command line is wrong.
 */
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { systemRandom } from "../../src/kernel/random.ts";
import { bundleWorker } from "../worker-bundle.ts";
import { run } from "./commands.ts";
import { linesOf } from "./stop.ts";
import { readWranglerToml, wranglerProcess } from "./wrangler.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

try {
  await run(process.argv.slice(2), process.env, {
    wrangler: wranglerProcess(ROOT, process.env),
    random: systemRandom,
    fetch: (input, init) => fetch(input, init),
    sleep: async (ms) => {
      await sleep(ms);
    },
    print: (line) => console.log(line),
    objectsBundle: async () =>
      new TextDecoder().decode((await bundleWorker("src/objects-worker.ts")).get("index.js")),
    wranglerToml: () => readWranglerToml(join(ROOT, "wrangler.toml")),
    root: ROOT,
  });
} catch (thrown) {
  const { lines, exit } = linesOf(thrown);
  for (const line of lines) console.error(line);
  process.exitCode = exit;
}
