/** Starts the process of the fault run, and kills it: Node and workerd, at one stroke. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../../../scripts/worker-bundle.ts";
import { systemTimers } from "../../../src/kernel/clock.ts";
import { TEST_ADMIN_TOKEN, TEST_ROOT_KEY } from "../../support/fixed-secrets.ts";
import type { LabOrder } from "./main.ts";

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const GONE_WITHIN_MS = 5_000;

export interface LabProcess {
  /** SIGKILL to the whole group; waits until all of it has gone. */
  kill9(): Promise<void>;
  /** What the Worker has logged. */
  log(): string;
}

/** Builds the lab's Worker into a folder. @returns the folder of its modules. */
export async function buildLab(folder: string): Promise<string> {
  const bundle = join(folder, "worker");
  mkdirSync(bundle);
  for (const [name, content] of await bundleWorker("test/fault/lab/worker/entry.ts"))
    writeFileSync(join(bundle, name), content);
  return bundle;
}

export async function startLab(
  place: { readonly ports: LabOrder["ports"]; readonly folder: string; readonly bundle: string },
  weather: { readonly seed: number; readonly faults: boolean },
): Promise<LabProcess> {
  const order: LabOrder = {
    ...place,
    migrations: join(ROOT, "migrations"),
    vars: {
      DOME_ROOT_KEY: TEST_ROOT_KEY,
      DOME_ADMIN_TOKEN: TEST_ADMIN_TOKEN,
      DOME_PUBLIC_URL: `http://127.0.0.1:${place.ports[0]}`,
      DOME_AUDIT_SINK: "queue",
      DOME_CORS_ORIGINS: "",
      DOME_LOG: "errors",
      LAB_SEED: String(weather.seed),
      LAB_FAULTS: weather.faults ? "on" : "off",
    },
  };
  const child = spawn(process.execPath, [join(ROOT, "test/fault/lab/main.ts"), JSON.stringify(order)], {
    detached: true, // a process group of its own, so that one signal reaches both processes
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("the lab has no process");
  const exited = once(child, "exit");
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const lines = createInterface({ input: child.stdout });
  const ready = await Promise.race([
    once(lines, "line").then(([line]) => String(line)),
    exited.then(() => `the lab did not start:\n${log}`),
  ]);
  if (!ready.startsWith("ready ")) throw new Error(ready);
  return {
    log: () => log,
    kill9: async () => {
      if (isThere(-pid)) process.kill(-pid, "SIGKILL");
      await exited;
      for (let waited = 0; isThere(-pid); waited += 20) {
        if (waited >= GONE_WITHIN_MS) throw new Error(`the process group ${pid} does not end`);
        await systemTimers.sleep(20);
      }
    },
  };
}

function isThere(group: number): boolean {
  try {
    process.kill(group, 0);
    return true;
  } catch {
    return false;
  }
}
