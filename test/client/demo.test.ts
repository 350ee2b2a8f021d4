/** The demo is a promise to a newcomer: it plays to its end, touches nothing of theirs and leaves nothing behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { endEverything, temporaryFolder } from "../support/server.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DEMO = join(ROOT, "scripts/demo.ts");

afterAll(endEverything);

async function playDemo(tmp: string, home: string) {
  const child = spawn(process.execPath, [DEMO], {
    env: { PATH: process.env["PATH"] ?? "", HOME: home, TMPDIR: tmp, DOME_URL: "http://127.0.0.1:9" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [exit] = (await once(child, "close")) as [number | null];
  return { exit, stdout, stderr };
}

test("the demo plays to its end, with the seed's commands to the letter, and leaves nothing behind", async () => {
  const folder = temporaryFolder();
  const [tmp, home] = [join(folder, "tmp"), join(folder, "home")];
  for (const each of [tmp, home]) mkdirSync(each);

  const { exit, stdout, stderr } = await playDemo(tmp, home);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
  expect(stdout).toContain(`$ dome agents register \\
  --name support-triage \\
  --tier standard \\
  --tool zendesk \\
  --pool premium-reasoning \\
  --require-actas oidc
Registered support-triage in workspace default.`);
  expect(stdout).toContain("$ dome agents activate support-triage\nsupport-triage is active.\n");
  expect(stdout).toMatch(/^reason +actas_required$/m);
  expect(stdout).toMatch(/^ +stop effective .* \+\d+\.\d{3} s /m);
  expect(stdout).toMatch(/^ +calls sent since it was effective .* of which allowed: 0$/m);
  expect(stdout).toContain("$ dome idp add local --issuer http://127.0.0.1:");
  expect(stdout).toMatch(/^verified {2}agt_\w{26} for agt_\w{26} for \S+$/m);
  expect(stdout).toMatch(/^\$ dome audit chain txn_\w{26}\nuser alice@example\.com\n└─ /m);
  expect(stdout).toContain("You have seen:\n");
  expect(stdout).not.toContain("\u001b");
  expect(readdirSync(tmp)).toEqual([]);
  expect(readdirSync(home)).toEqual([]);
}, 240_000);
