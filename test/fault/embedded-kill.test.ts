/** The server is killed, in every half and at every moment; the next start works and loses nothing acknowledged. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { systemTimers } from "../../src/kernel/clock.ts";
import { isRunning, nameOf, type ProcessName } from "../../src/embedded/processes.ts";
import {
  endEverything,
  failToStart,
  startServer,
  temporaryFolder,
  type RunningServer,
} from "../support/server.ts";
import { asOperator, makeWorkspace, workspaceNames } from "../support/server-calls.ts";

afterAll(endEverything);

function newPlace(): { state: string; home: string } {
  const folder = temporaryFolder();
  return { state: join(folder, "state"), home: join(folder, "home") };
}

/** The name of a process that is known to run. */
function running(pid: number): ProcessName {
  const name = nameOf(pid);
  if (name === null) throw new Error(`${pid} does not run`);
  return name;
}

interface Note {
  readonly server: ProcessName;
  readonly runtimes: readonly ProcessName[];
  readonly watcher: ProcessName;
}

const noteIn = (state: string): Note => JSON.parse(readFileSync(join(state, "server.pids"), "utf8")) as Note;

/** True when nothing listens on a port of loopback. */
const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(port, "127.0.0.1");
    probe.once("connect", () => resolve(false)).once("error", () => resolve(true));
    probe.once("connect", () => void probe.destroy());
  });

/** @param everyMs how often it looks; what is asked of a server counts against the limit of the operator's token. */
async function until(holds: () => boolean | Promise<boolean>, everyMs = 10): Promise<void> {
  while (!(await holds())) await systemTimers.sleep(everyMs);
}

/** The server behind a tool: its answers begin, and never end. */
async function endlessServer(): Promise<{ readonly origin: string; stop(): Promise<void> }> {
  const server = createServer((_request, response) => void response.writeHead(200).write("begun\n"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}

/** @returns the key of an agent that may call the tool `endless`. */
async function agentWithTool(server: RunningServer, url: string): Promise<string> {
  await asOperator(server, "POST", "/api/v1/tools", { name: "endless", kind: "http", url });
  const made = (await asOperator(server, "POST", "/api/v1/agents", {
    name: "bot",
    surface: { tools: ["endless"] },
  })) as { readonly agent: { readonly id: string }; readonly api_key: { readonly secret: string } };
  await asOperator(server, "POST", `/api/v1/agents/${made.agent.id}/activate`, {});
  return made.api_key.secret;
}

interface List {
  readonly items: readonly { readonly outcome?: string; readonly target?: { readonly id: string } }[];
}

const openActs = async (server: RunningServer): Promise<List["items"]> =>
  ((await asOperator(server, "GET", "/api/v1/audit/open")) as List).items;

/** The outcomes of acts, such as `cut endless/GET /0`. */
async function outcomes(server: RunningServer): Promise<string[]> {
  const { items } = (await asOperator(server, "GET", "/api/v1/audit?kind=call.outcome")) as List;
  return items.map(({ outcome, target }) => `${outcome} ${target?.id}`).toSorted();
}

/** Moves the ends of all open acts into the past, in the files of a server that does not run. */
function endTimeOfActs(state: string): void {
  const files = readdirSync(state, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".sqlite"),
  );
  for (const file of files) {
    const database = new DatabaseSync(join(state, file));
    const found = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'open_acts'").get();
    if (found !== undefined) {
      database.exec("UPDATE open_acts SET closes_at = 1; UPDATE timers SET due = 1 WHERE kind = 'acts'");
    }
    database.close();
  }
}

describe("kill -9", () => {
  it("of both processes loses no acknowledged change", async () => {
    const place = newPlace();
    const first = await startServer(place);
    await makeWorkspace(first, "team-a");
    await first.kill9();
    const second = await startServer({ ...place, port: first.port });
    expect(await workspaceNames(second)).toEqual(["default", "team-a"]);
    await second.stop();
  });

  it("of both processes again and again under writes and acts loses no acknowledged change, and shows each act as open until its ledger says that nobody knows its end (P8)", async () => {
    const place = newPlace();
    const endless = await endlessServer();
    const args = ["--egress-allow", endless.origin];
    const acknowledged = ["default"];
    let key: string | undefined;
    for (let round = 0; round < 3; round += 1) {
      const server = await startServer({ ...place, args });
      key ??= await agentWithTool(server, endless.origin);
      const act = await fetch(`${server.url}/tools/endless/${round}`, {
        headers: { authorization: `Bearer ${key}` },
      });
      expect(act.status).toBe(200);
      act.text().catch(() => undefined); // killed in the middle
      // A machine under load may be too slow for the lease of an act of before, which is then cut.
      await until(
        async () => (await openActs(server)).length + (await outcomes(server)).length === round + 1,
        250,
      );
      const killed = new AbortController();
      const write = async (writer: number): Promise<void> => {
        for (let count = 0; !killed.signal.aborted; count += 1) {
          const name = `w${round}-${writer}-${count}`;
          const made = makeWorkspace(server, name).then(
            () => true,
            () => false, // killed, or too busy, before it was acknowledged
          );
          if (await made) acknowledged.push(name);
        }
      };
      const enough = acknowledged.length + 20;
      const writers = [0, 1, 2, 3].map(write);
      await until(() => acknowledged.length >= enough);
      killed.abort();
      // First: else it could see the connection of the caller end, and record that.
      process.kill(server.pids.workerd, "SIGSTOP");
      await server.kill9();
      await Promise.all(writers);
    }
    endTimeOfActs(place.state);
    const last = await startServer({ ...place, args });
    const names = new Set(await workspaceNames(last));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
    await until(async () => (await openActs(last)).length === 0, 250);
    const ended = await outcomes(last);
    expect(ended.map((each) => each.replace(/^(?:unknown|cut) /, "")).toSorted()).toEqual([
      "endless/GET /0",
      "endless/GET /1",
      "endless/GET /2",
    ]);
    await last.stop();
    await endless.stop();
  });

  it("of Node alone ends the runtime too: nothing is admitted by a server that nobody can stop (P3)", async () => {
    const place = newPlace();
    const first = await startServer(place);
    await makeWorkspace(first, "team-a");
    const { runtimes, watcher } = noteIn(place.state);
    await first.killNode();
    await until(() => !runtimes.some(isRunning));
    await until(() => isFree(first.port));
    await until(() => !isRunning(watcher));

    const second = await startServer({ ...place, port: first.port });
    expect(await workspaceNames(second)).toEqual(["default", "team-a"]);
    await second.stop();
  });

  it("of Node and what watches over it is mended by the next start, which ends the runtime before it opens anything", async () => {
    const place = newPlace();
    const first = await startServer(place);
    const { runtimes, watcher } = noteIn(place.state);
    const workerd = running(first.pids.workerd);
    process.kill(watcher.pid, "SIGSTOP");
    await first.killNode();
    expect(isRunning(workerd)).toBe(true);
    await makeWorkspace(first, "made-by-the-orphan");

    // On another port, where nothing would have shown the left-over runtime.
    const second = await startServer(place);
    expect(second.port).not.toBe(first.port);
    expect(runtimes.filter(isRunning)).toEqual([]);
    expect(await workspaceNames(second)).toEqual(["default", "made-by-the-orphan"]);

    // The first one's watcher wakes up late: what it finds is not its server's.
    process.kill(watcher.pid, "SIGCONT");
    await until(() => !isRunning(watcher));
    expect(await workspaceNames(second)).toEqual(["default", "made-by-the-orphan"]);
    expect(noteIn(place.state).runtimes.every(isRunning)).toBe(true);
    await second.stop();
  });

  it("of the watcher starts another one, which does the same", async () => {
    const server = await startServer();
    const { watcher, runtimes } = noteIn(server.stateDir);
    process.kill(watcher.pid, "SIGKILL");
    await until(() => ![watcher.pid, undefined].includes(noteIn(server.stateDir).watcher?.pid));
    await server.killNode();
    await until(() => !runtimes.some(isRunning));
    expect(runtimes.filter(isRunning)).toEqual([]);
  });

  it("of Node in the middle of the first start leaves a state with which the next start works", async () => {
    const place = newPlace();
    mkdirSync(place.state, { mode: 0o700 });
    const starting = startServer(place).then(
      () => "started",
      () => "ended",
    );
    await until(
      () => existsSync(join(place.state, "server.pids")) && noteIn(place.state).runtimes.length > 0,
    );
    const { server, runtimes } = noteIn(place.state);
    process.kill(server.pid, "SIGKILL");
    expect(await starting).toBe("ended");

    const second = await startServer(place);
    expect(runtimes.filter(isRunning)).toEqual([]);
    expect(await workspaceNames(second)).toEqual(["default"]);
    await second.stop();
  });

  it("of the runtime alone is mended in place, and the lock names the new one", async () => {
    const server = await startServer();
    await makeWorkspace(server, "team-a");
    const workerd = running(server.pids.workerd);
    process.kill(workerd.pid, "SIGKILL");
    await until(() => noteIn(server.stateDir).runtimes.some(({ pid }) => pid !== workerd.pid));
    await until(() => workspaceNames(server).then(Boolean, () => false));
    expect(await workspaceNames(server)).toEqual(["default", "team-a"]);
    const [successor] = noteIn(server.stateDir).runtimes;
    expect(noteIn(server.stateDir).runtimes).toHaveLength(1);
    await server.stop();
    expect(successor !== undefined && isRunning(successor)).toBe(false);
  });
});

describe("the lock", () => {
  it("lets one server have a state, also when somebody removes its files: a second one would write to the same state (P3)", async () => {
    const place = newPlace();
    const first = await startServer(place);
    const refused = (who: string) => ({
      code: 1,
      stderr: `dome: a server is already running on ${place.state}${who}; stop it first, or choose another --state\n`,
    });
    expect(await failToStart(place)).toMatchObject(refused(` as pid ${first.pids.node}`));
    for (const file of ["server.lock", "server.pids"]) rmSync(join(place.state, file));
    expect(await failToStart(place)).toMatchObject(refused(""));
    expect(await workspaceNames(first)).toEqual(["default"]);
    await first.stop();
  });

  it("ends no process that only has the number of an earlier runtime", async () => {
    const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)", "workerd"], {
      stdio: "ignore",
    });
    await once(stranger, "spawn");
    const name = running(stranger.pid ?? 0);
    const place = newPlace();
    mkdirSync(place.state, { recursive: true });
    writeFileSync(join(place.state, "server.lock"), "");
    const earlier = { ...name, started: `${name.started}0` };
    const gone = { pid: 2 ** 22 + 1, started: "1" };
    writeFileSync(join(place.state, "server.pids"), JSON.stringify({ server: gone, runtimes: [earlier] }));
    const server = await startServer(place);
    expect(isRunning(name)).toBe(true);
    await server.stop();
    stranger.kill("SIGKILL");
    await once(stranger, "exit");
  });

  it("ends no process that is not a runtime, whatever the note says", async () => {
    const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
    await once(stranger, "spawn");
    const name = running(stranger.pid ?? 0);
    const place = newPlace();
    mkdirSync(place.state, { recursive: true });
    writeFileSync(join(place.state, "server.lock"), "");
    const gone = { pid: 2 ** 22 + 1, started: "1" };
    writeFileSync(join(place.state, "server.pids"), JSON.stringify({ server: gone, runtimes: [name] }));
    const server = await startServer(place);
    expect(isRunning(name)).toBe(true);
    await server.stop();
    stranger.kill("SIGKILL");
    await once(stranger, "exit");
  });
});

describe("the watcher", () => {
  const PROGRAM = join(import.meta.dirname, "../../dist/embedded/dome-watcher.js");

  /** Runs it as a server that is gone would have left it, and waits until it has ended. */
  async function watchFor(note: object, server: ProcessName): Promise<void> {
    const path = join(temporaryFolder(), "server.pids");
    writeFileSync(path, JSON.stringify(note));
    const watcher = spawn(process.execPath, [PROGRAM, path, String(server.pid), server.started], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    watcher.stdin?.end();
    expect(await once(watcher, "exit")).toEqual([0, null]);
  }

  it("ends what the note of its server names, and no process that only has its number, its name or its place", async () => {
    const strangers = [["workerd"], ["workerd"], ["other"]].map((args) =>
      spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)", ...args], { stdio: "ignore" }),
    );
    await Promise.all(strangers.map((stranger) => once(stranger, "spawn")));
    const [meant, reused, other] = strangers.map(({ pid }) => running(pid ?? 0));
    if (meant === undefined || reused === undefined || other === undefined) throw new Error("three");
    const server = { pid: 2 ** 22 + 1, started: "1" };
    const successor = { pid: 2 ** 22 + 2, started: "1" };
    const all = { runtimes: [meant, { ...reused, started: `${reused.started}0` }, other] };

    await watchFor({ server: successor, ...all }, server);
    await watchFor({ server: { ...server, started: "2" }, ...all }, server);
    expect([meant, reused, other].map(isRunning)).toEqual([true, true, true]);
    await watchFor({ server, ...all }, server);
    expect([meant, reused, other].map(isRunning)).toEqual([false, true, true]);
    for (const stranger of strangers) stranger.kill("SIGKILL");
  });
});

describe("SIGHUP", () => {
  it("is ignored without a terminal on standard input, as nohup wants it, from the start on", async () => {
    const place = newPlace();
    mkdirSync(place.state, { mode: 0o700 });
    let ready = false;
    const starting = startServer(place).finally(() => (ready = true));
    await until(() => existsSync(join(place.state, "server.pids")));
    const { server: node } = noteIn(place.state);
    await until(() => {
      process.kill(node.pid, "SIGHUP");
      return ready;
    });
    const server = await starting;
    process.kill(node.pid, "SIGHUP");
    await makeWorkspace(server, "after-the-hangup");
    expect(isRunning(node)).toBe(true);
    expect(await workspaceNames(server)).toEqual(["after-the-hangup", "default"]);
    expect(await server.stop()).toMatchObject({ code: 0 });
  });
});

describe("SIGTERM", () => {
  it("ends all processes with exit code 0 and leaves no note behind", async () => {
    const place = newPlace();
    const server = await startServer(place);
    const both = [running(server.pids.node), running(server.pids.workerd)];
    const { watcher } = noteIn(place.state);
    expect(await server.stop()).toMatchObject({ code: 0, signal: null, stderr: "" });
    expect(both.filter(isRunning)).toEqual([]);
    await until(() => !isRunning(watcher));
    expect(existsSync(join(place.state, "server.pids"))).toBe(false);
  });
});
