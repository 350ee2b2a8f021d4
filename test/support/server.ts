/**
 * A real embedded server in processes of its own, for tests, the demo and the benchmark. Its state and its home are
 * temporary folders, its port is a free one, and nothing of the caller's DOME_* environment reaches it.
 * It is ended by process id, both halves: workerd survives its Node parent.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemTimers } from "../../src/kernel/clock.ts";
import { end, nameOf, type ProcessName } from "../../src/embedded/processes.ts";

/** The root of the repository. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PROGRAM = "dist/embedded/dome-server.js";
/** The built command line; run it with a server's `clientEnv`. */
export const CLI = join(ROOT, "dist/cli/dome.js");
const READY = /^Dome is ready at (\S+)$/m;
const READY_WITHIN_MS = 30_000;

interface ServerRequest {
  /** Another checkout, which has been built; this one when left out. */
  readonly root?: string;
  /** A free port when left out. */
  readonly port?: number;
  /** State folder; a temporary one when left out. Give the one of an earlier server to start on its state again. */
  readonly state?: string;
  /** HOME of the server and of the commands that talk to it; a temporary folder when left out. */
  readonly home?: string;
  /** Environment variables on top of PATH, HOME and XDG_CONFIG_HOME. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further flags. */
  readonly args?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly adminToken: string;
  readonly home: string;
  readonly stateDir: string;
  /** Environment for a `dome` command that finds this server as its context `local`. */
  readonly clientEnv: Readonly<Record<string, string>>;
  /** From the start of the process to the line that says it is ready, in milliseconds. */
  readonly readyAfterMs: number;
  readonly pids: { readonly node: number; readonly workerd: number };
  logs(): string;
  /** SIGTERM; waits until both processes have gone. Temporary folders are removed. */
  stop(): Promise<Exit>;
  /** SIGKILL to both processes at once; waits until they have gone. */
  kill9(): Promise<void>;
  /** SIGKILL to Node alone; workerd goes on. */
  killNode(): Promise<void>;
}

/** What must not outlive a test file, whatever its tests do: servers, with their state folders, and temporary folders. */
const launched: { state: string; server: ProcessName }[] = [];
const temporary = new Set<string>();

/** Ends what is left of all servers and removes all temporary folders. Call it in `afterAll`. */
export async function endEverything(): Promise<void> {
  for (const { state, server } of launched.splice(0)) {
    await end(server, "dome-server", systemTimers);
    for (const runtime of noteIn(state)?.runtimes ?? []) await end(runtime, "workerd", systemTimers);
  }
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
  temporary.clear();
}

/** A folder that `endEverything` removes. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "dome-test-"));
  temporary.add(folder);
  return folder;
}

/** Below the ports that the kernel gives to outgoing connections: one of those could take the port at any moment. */
const [LEAST_PORT, PORTS] = [10_000, 22_000];

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const port = randomInt(LEAST_PORT, LEAST_PORT + PORTS);
  return (await isFree(port)) ? port : freePort();
}

/** A port that was free a moment ago, as was the one after it: for a server with test users. */
export async function twoFreePorts(): Promise<number> {
  const port = await freePort();
  return (await isFree(port + 1)) ? port : twoFreePorts();
}

/** Binds the port and lets go of it. */
async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, "127.0.0.1");
    await once(probe, "listening");
  } catch {
    return false;
  }
  probe.close();
  await once(probe, "close");
  return true;
}

/** Starts a server and waits for the line that says it is ready. Throws with its output when it ends instead. */
export async function startServer(request: ServerRequest = {}): Promise<RunningServer> {
  const own = request.state === undefined || request.home === undefined ? temporaryFolder() : null;
  const state = request.state ?? join(own ?? "", "state");
  const home = request.home ?? join(own ?? "", "home");
  const begun = performance.now();
  const server = await launch({ ...request, state, home });
  const url = await server.ready;
  const readyAfterMs = performance.now() - begun;
  const pids = processesOf(state);

  const gone = async (): Promise<Exit> => {
    const exit = await server.exited;
    if (!(await end(pids.runtime, "workerd", systemTimers)))
      throw new Error(`workerd ${pids.runtime.pid} does not end`);
    return exit;
  };
  return {
    url,
    port: server.port,
    adminToken: readFileSync(join(state, "admin.token"), "utf8").trim(),
    home,
    stateDir: state,
    clientEnv: environment(home),
    readyAfterMs,
    pids: { node: pids.server.pid, workerd: pids.runtime.pid },
    logs: server.output,
    stop: async () => {
      server.child.kill("SIGTERM");
      const exit = await gone();
      if (own !== null) rmSync(own, { recursive: true, force: true });
      return exit;
    },
    kill9: async () => {
      server.child.kill("SIGKILL");
      process.kill(pids.runtime.pid, "SIGKILL");
      await gone();
    },
    killNode: async () => {
      server.child.kill("SIGKILL");
      await server.exited;
    },
  };
}

/** Starts a server that is expected not to start, and waits until it has ended. */
export async function failToStart(request: ServerRequest): Promise<Exit> {
  const own = temporaryFolder();
  const state = request.state ?? join(own, "state");
  const server = await launch({ ...request, state, home: request.home ?? join(own, "home") });
  const winner = await Promise.race([server.exited, server.ready.catch(() => null)]);
  if (typeof winner !== "string") return await server.exited;
  server.child.kill("SIGTERM");
  await server.exited;
  throw new Error(`the server started, at ${winner}`);
}

interface Launched {
  readonly child: ChildProcess;
  readonly port: number;
  readonly ready: Promise<string>;
  readonly exited: Promise<Exit>;
  output(): string;
}

async function launch(request: ServerRequest & { state: string; home: string }): Promise<Launched> {
  const port = request.port ?? (await freePort());
  const child = spawn(
    process.execPath,
    [
      join(request.root ?? ROOT, PROGRAM),
      "--port",
      String(port),
      "--state",
      request.state,
      ...(request.args ?? []),
    ],
    { env: { ...environment(request.home), ...request.env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const name = child.pid === undefined ? null : nameOf(child.pid);
  if (name !== null) launched.push({ state: request.state, server: name });
  let [stdout, stderr] = ["", ""];
  const exited = once(child, "close").then(([code, signal]: (number | null | NodeJS.Signals)[]): Exit => ({
    code: typeof code === "number" ? code : null,
    signal: typeof signal === "string" ? signal : null,
    stdout,
    stderr,
  }));
  const ready = new Promise<string>((resolve, reject) => {
    const giveUp = setTimeout(() => child.kill("SIGKILL"), READY_WITHIN_MS);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      const url = READY.exec(stdout)?.[1];
      if (url !== undefined) resolve(url);
      if (url !== undefined) clearTimeout(giveUp);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("close", () => {
      clearTimeout(giveUp);
      reject(new Error(`the server did not start:\n${stdout}${stderr}`));
    });
  });
  return { child, port, ready, exited, output: () => stdout + stderr };
}

/** Both processes, as the server itself noted them. */
function processesOf(state: string): { server: ProcessName; runtime: ProcessName } {
  const note = noteIn(state);
  const [runtime] = note?.runtimes ?? [];
  if (note === null || runtime === undefined) throw new Error(`${state} names no runtime`);
  return { server: note.server, runtime };
}

function noteIn(state: string): { server: ProcessName; runtimes: ProcessName[] } | null {
  const path = join(state, "server.pids");
  if (!existsSync(path)) return null;
  return JSON.parse(readFileSync(path, "utf8")) as { server: ProcessName; runtimes: ProcessName[] };
}

function environment(home: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    NO_COLOR: "1",
  };
}
