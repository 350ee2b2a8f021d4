/**
 * Records the picture of the README, docs/stop.svg, from a real run: an agent calls without pause, an operator stops it,
 * and of the calls that it sends once the stop is effective none is allowed. Where that does not hold, there is no picture.
 *
 *   node scripts/picture.ts
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CLI, endEverything, ROOT, startServer } from "../test/support/server.ts";
import { startBusyAgent, type Call } from "./demo/busy-agent.ts";
import { terminalSvg, type Line } from "./picture/terminal-svg.ts";

const AGENT = "night-shift";
const TOOL = "zendesk/create_ticket";
const STOP = ["agents", "suspend", AGENT, "--reason", "too eager", "--wait"];
const TITLE =
  "An agent makes calls without pause; dome agents suspend --wait stops it; of the calls after that none is allowed";
/** How long each part of the recording lasts at least. */
const CALLING_MS = 1_500;
const TELL_EVERY_MS = 500;
/** How many calls are waited for after the stop. */
const CALLS_AFTERWARDS = 50;
/** Columns of the terminal. */
const ROWS = /.{1,82}/g;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const isAllowed = ({ allowedBy }: Call): boolean => allowedBy !== null;

async function record(): Promise<Line[]> {
  const server = await startServer();
  const type = async (argv: readonly string[], hear: (line: string) => void = () => undefined) => {
    const child = spawn(process.execPath, [CLI, ...argv], {
      env: server.clientEnv,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", hear);
    const [exit] = (await once(child, "close")) as [number | null];
    if (exit !== 0) throw new Error(`dome ${argv.join(" ")} ended with exit ${exit}`);
  };
  const keyFile = join(server.home, "night-shift.key");
  await type(["tools", "add", "zendesk"]);
  await type(["agents", "register", "--name", AGENT, "--tool", "zendesk", "--key-file", keyFile]);
  await type(["agents", "activate", AGENT]);
  let token = "";
  await type(["token", "issue", "--key-file", keyFile, "--quiet"], (line) => (token = line));

  const lines: Line[] = [];
  const begun = performance.now();
  /** A long line goes on in the next row, as in a terminal. */
  const show = (look: Line["look"], text: string): void => {
    const at = Math.round(performance.now() - begun);
    for (const row of text.match(ROWS) ?? []) lines.push({ at, look, text: row });
  };
  const agent = startBusyAgent(server.url, token, TOOL);
  const count = (): string => {
    const allowed = agent.calls.filter(isAllowed).length;
    return `${AGENT}  ${allowed} calls allowed, ${agent.calls.length - allowed} refused`;
  };
  show("agent", `${AGENT}  calls ${TOOL}, four calls at a time, without pause`);
  for (let told = 0; told * TELL_EVERY_MS < CALLING_MS; told += 1) {
    await pause(TELL_EVERY_MS);
    show("agent", count());
  }
  show("command", `$ dome ${STOP.map((word) => (word.includes(" ") ? `"${word}"` : word)).join(" ")}`);
  await type(STOP, (line) => show("output", line));
  const effective = Date.now();
  const later = (): readonly Call[] => agent.calls.filter(({ sentAt }) => sentAt > effective);
  while (later().length < CALLS_AFTERWARDS) await pause(20);
  await agent.rest();
  show("agent", count());
  const allowed = later().filter(isAllowed).length;
  if (allowed > 0) throw new Error(`${allowed} calls were allowed after the stop was effective`);
  show("result", `calls sent since the stop is effective: ${later().length}, of which allowed: ${allowed}`);
  await server.stop();
  return lines;
}

try {
  const svg = terminalSvg(TITLE, await record());
  writeFileSync(join(ROOT, "docs/stop.svg"), svg);
  process.stdout.write("recorded docs/stop.svg\n");
} catch (fault) {
  process.stderr.write(`no picture: ${fault instanceof Error ? fault.message : String(fault)}\n`);
  process.exitCode = 1;
} finally {
  await endEverything();
}
