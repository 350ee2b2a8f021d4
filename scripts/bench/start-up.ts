/** How long a person waits: for the first start of the server on an empty folder, and for the command line to answer. */
import { spawnSync } from "node:child_process";
import { CLI, startServer } from "../../test/support/server.ts";
import { median, row, seconds, type Row } from "./row.ts";

const STARTS = 3;
const HELPS = 9;
const READY_MS = 3_000;
const HELP_MS = 200;
const HELP_CPU_MS = 100;

export async function startUp(): Promise<Row[]> {
  const ready: number[] = [];
  for (let i = 0; i < STARTS; i += 1) {
    const server = await startServer();
    ready.push(server.readyAfterMs);
    await server.stop();
  }
  const help = Array.from({ length: HELPS }, costOfHelp);
  const [start, shown] = [median(ready), median(help.map(({ waitedMs }) => waitedMs))];
  const cpu = Math.min(...help.map(({ cpuMs }) => cpuMs)); // what others do on the machine only adds to it
  return [
    row(
      "embedded server ready, of 3 s",
      start / READY_MS,
      "at most",
      1,
      `${seconds(start)}, first start, median of ${STARTS}`,
    ),
    row(
      "dome --help, of 200 ms",
      shown / HELP_MS,
      "at most",
      1,
      `${Math.round(shown)} ms, median of ${HELPS}`,
    ),
    row(
      "dome --help, CPU, of 100 ms",
      cpu / HELP_CPU_MS,
      "at most",
      1,
      `${Math.round(cpu)} ms, least of ${HELPS}`,
    ),
  ];
}

/** Of a process of its own, which tells its CPU time as it ends. */
function costOfHelp(): { waitedMs: number; cpuMs: number } {
  const tell =
    'process.on("exit", () => { const { user, system } = process.cpuUsage(); process.stderr.write(String(user + system)); });';
  const start = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(tell)}`, CLI, "--help"],
    { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8", env: {} },
  );
  if (status !== 0) throw new Error(`dome --help ended with ${status}`);
  return { waitedMs: performance.now() - start, cpuMs: Number(stderr) / 1_000 };
}
