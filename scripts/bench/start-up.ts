/** How long a person waits: for the first start of the server on an empty folder, and for the command line to answer. */
import { spawnSync } from "node:child_process";
import { CLI, startServer } from "../../test/support/server.ts";
import { median, row, seconds, type Row } from "./row.ts";

const STARTS = 3;
const HELPS = 9;
const READY_MS = 3_000;
const HELP_MS = 200;

export async function startUp(): Promise<Row[]> {
  const ready: number[] = [];
  for (let i = 0; i < STARTS; i += 1) {
    const server = await startServer();
    ready.push(server.readyAfterMs);
    await server.stop();
  }
  const help = Array.from({ length: HELPS }, timeOfHelp);
  const [start, shown] = [median(ready), median(help)];
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
  ];
}

function timeOfHelp(): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, [CLI, "--help"], { stdio: "ignore", env: {} });
  if (status !== 0) throw new Error(`dome --help ended with ${status}`);
  return performance.now() - start;
}
