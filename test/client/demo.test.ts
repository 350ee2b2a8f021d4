/** The demo is a promise to a newcomer: it plays to its end, touches nothing of theirs and leaves nothing behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { endEverything, temporaryFolder } from "../support/server.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DEMO = join(ROOT, "scripts/demo.ts");

const DESCRIPTION = readFileSync(join(ROOT, "sdk/conformance/description.py"), "utf8");
/** What a worker prints; two lines that follow from one event may come in either order. */
const LIFE_OF_A_WORKER = [
  "heard state",
  "printer: begun",
  "heard agent.draining",
  "toner: DeniedError (draining, said by the SDK)",
  "printer: finished",
  "drained: nothing runs, nothing begins",
  "heard agent.activated",
  "toner: begun",
  "heard agent.suspended",
  "toner: StoppedError (stopped)",
  "paper: DeniedError (stopped, said by the SDK)",
  "heard agent.resumed",
  "paper: begun",
  "paper: finished",
];

const linesOf = (worker: string, stdout: string): string[] =>
  stdout.split("\n").flatMap((line) => (line.startsWith(`${worker} | `) ? [line.slice(13)] : []));

afterAll(endEverything);

/** @param bin a folder of programs that come before all others. */
async function playDemo(tmp: string, home: string, bin = "") {
  const path = process.env["PATH"] ?? "";
  const child = spawn(process.execPath, [DEMO], {
    env: { PATH: `${bin}:${path}`, HOME: home, TMPDIR: tmp, DOME_URL: "http://127.0.0.1:9" },
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
  expect(stdout).toContain(`$ cat sdk/conformance/description.py\n${DESCRIPTION}`);
  expect(stdout).toMatch(/^allowed dec_\w{26}$/m);
  for (const worker of ["typescript", "python    "]) {
    expect(linesOf(worker, stdout).toSorted()).toEqual(LIFE_OF_A_WORKER.toSorted());
  }
  expect(stdout).toMatch(/^ +create_ticket .*"high".* Ticket 4711 created: The printer smokes$/m);
  expect(stdout).toMatch(/^ +create_ticket .*"at once!".* refused: .*"\/priority"/m);
  expect(stdout).toMatch(/^ +close_ticket .* refused: .* is quarantined/m);
  expect(stdout).toMatch(/^ +the client's stream +cut$/m);
  expect(stdout).toContain(" 1 newly denied, 0 newly allowed.\n");
  expect(stdout).toMatch(/^ +first one refused +\+\d+\.\d{3} s .*A person opens tickets of high priority\./m);
  expect(stdout).toMatch(/^ +tickets since the rollback +\d+, none refused$/m);
  expect(stdout).toContain("You have seen:\n");
  expect(stdout).not.toContain("\u001b");
  expect(readdirSync(tmp)).toEqual([]);
  expect(readdirSync(home)).toEqual([]);
}, 900_000);

test("the demo says what to install where Python is too old, and is no success without it", async () => {
  const folder = temporaryFolder();
  const [tmp, home, bin] = [join(folder, "tmp"), join(folder, "home"), join(folder, "bin")];
  for (const each of [tmp, home, bin]) mkdirSync(each);
  writeFileSync(join(bin, "python3"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });

  const { exit, stdout, stderr } = await playDemo(tmp, home, bin);
  expect(exit).toBe(1);
  expect(stderr).toMatch(
    /^demo failed: the Python SDK needs Python 3\.10 or newer as python3, with venv .*apt install/,
  );
  expect(stdout).not.toContain("You have seen");
  expect(readdirSync(tmp)).toEqual([]);
}, 120_000);
