/**
 * Where the demo plays: a server of its own, with its state, the home of its commands, and a PATH with `dome` on it in
 * one temporary folder. Nothing of the user's is read or written, and `leave` takes everything away again.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import type { ShownEntry } from "../../src/contract/audit.ts";
import { nameOf } from "../../src/embedded/processes.ts";
import { CLI, endEverything, startServer, type RunningServer } from "../../test/support/server.ts";

/** What the demo promises and the server did not do. */
export class NotAsPromised extends Error {
  override readonly name = "NotAsPromised";
}

/** @throws NotAsPromised with this sentence when `held` is false. */
export function expect(held: boolean, sentence: string): asserts held {
  if (!held) throw new NotAsPromised(sentence);
}

export function heading(text: string): void {
  process.stdout.write(`\n${styleText("bold", `== ${text}`)}\n`);
}

/** A paragraph, broken into lines that fit a narrow terminal. */
export function say(text: string): void {
  const lines = text.match(/.{1,96}(?:\s|$)/g) ?? [];
  process.stdout.write(`\n${lines.map((line) => `${line.trimEnd()}\n`).join("")}`);
}

/** Lines of a label and what it says, in columns. */
export function list(rows: readonly (readonly [string, string])[]): void {
  const width = Math.max(...rows.map(([label]) => label.length));
  for (const [label, text] of rows) process.stdout.write(`  ${label.padEnd(width)}  ${text}\n`);
}

const showCommand = (line: string): boolean => process.stdout.write(`\n${styleText("bold", `$ ${line}`)}\n`);

export interface Stage {
  readonly server: RunningServer;
  /** Where the demo's own files are. */
  readonly folder: string;
  /**
   * Types a command into a shell and shows it with everything that it prints, as it comes.
   * @param line the command as it is run.
   * @param expected its exit code; another one ends the demo.
   * @returns what it printed.
   */
  run(line: string, expected?: number, env?: Readonly<Record<string, string>>): Promise<string>;
  /** Runs a command for its answer as JSON. @param isShown true: the command is shown, its answer is not. */
  ask<T>(line: string, isShown?: boolean): Promise<T>;
  /** Shows and starts a command that goes on until its input is closed; `leave` ends it at the latest. */
  start(line: string, env: Readonly<Record<string, string>>): ChildProcess;
}

interface Wants {
  /** URLs on this machine whose origins the server may call. */
  readonly egressAllow: readonly string[];
  /** The folder of Python's programs. */
  readonly python: string;
}

/**
 * Waits until a list of the ledger has what was just done: a record reaches the ledger a moment after it was made.
 * @param list the command that lists.
 * @throws NotAsPromised after ten seconds.
 */
export async function inLedger(
  { ask }: Stage,
  list: string,
  has: (records: readonly ShownEntry[]) => boolean,
): Promise<void> {
  for (let waited = 0; waited < LEDGER_WITHIN_MS; waited += LOOK_EVERY_MS) {
    if (has(await ask<readonly ShownEntry[]>(list))) return;
    await pause(LOOK_EVERY_MS);
  }
  throw new NotAsPromised(`"${list}" did not show within 10 s what was done`);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts the server. Call `leave` afterwards, whatever happens. */
export async function openStage({ egressAllow, python }: Wants): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), FOLDER));
  folders.push(folder);
  const server = await startServer({
    state: join(folder, "state"),
    home: join(folder, "home"),
    args: ["--egress-allow", egressAllow.map((url) => new URL(url).origin).join(",")],
  });
  pids.push(server.pids.node, server.pids.workerd);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(CLI, join(bin, "dome"));
  symlinkSync(process.execPath, join(bin, "node"));
  const base = { ...server.clientEnv, PATH: `${bin}:${python}:${process.env["PATH"] ?? ""}` };

  return {
    server,
    folder,
    run: async (line, expected = 0, env = {}) => {
      showCommand(line);
      const { exit, text } = await shell(line, { ...base, ...env }, true);
      expect(exit === expected, `"${firstLine(line)}" ended with exit ${exit}, not ${expected}`);
      if (exit !== 0) process.stdout.write(`(exit ${exit})\n`);
      return text;
    },
    ask: async <T>(line: string, isShown = false): Promise<T> => {
      if (isShown) showCommand(line);
      const { exit, text } = await shell(`${line} --json 2>/dev/null`, base, false);
      expect(exit === 0, `"${line}" ended with exit ${exit}, not 0`);
      return JSON.parse(text) as T;
    },
    start: (line, env) => {
      showCommand(line);
      // No shell stands between, so that what ends it ends the program.
      const [program = "", ...words] = line.split(" ");
      const options = { cwd: ROOT, env: { ...base, ...env } };
      const child = spawn(program, words, { ...options, stdio: ["pipe", "pipe", "inherit"] });
      programs.push(child);
      return child;
    },
  };
}

/**
 * Ends the server, removes the folder, and makes sure of both.
 * @param server null: in a hurry, so without asking it to end by itself.
 */
export async function leave(server: RunningServer | null): Promise<void> {
  for (const program of programs) program.kill();
  try {
    const exit = await server?.stop();
    expect(exit === undefined || exit.code === 0, `the server ended with exit ${exit?.code ?? "none"}`);
  } finally {
    await endEverything();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
  expect(!folders.some((folder) => existsSync(folder)), "the temporary folder is still there");
  expect(!pids.some((pid) => nameOf(pid) !== null), "a process of the server is still there");
}

const FOLDER = "dome-demo-";
/** The checkout, in which all commands run. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folders: string[] = [];
const programs: ChildProcess[] = [];
const pids: number[] = [];
const COMMAND_WITHIN_MS = 15_000;
const LEDGER_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 200;

/** Both streams come through one pipe, so that what is shown has the order in which it was printed. */
async function shell(
  line: string,
  env: Readonly<Record<string, string>>,
  shown: boolean,
): Promise<{ exit: number | null; text: string }> {
  const child = spawn("/bin/sh", ["-c", shown ? `exec 2>&1\n${line}` : line], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: COMMAND_WITHIN_MS,
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (shown) process.stdout.write(chunk);
  });
  const [exit] = (await once(child, "close")) as [number | null];
  return { exit, text };
}

const firstLine = (line: string): string => line.split("\n", 1)[0]?.replace(/\s*\\$/, " …") ?? line;
