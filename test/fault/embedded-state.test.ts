/** What the server's state folder keeps, and when it refuses to be used. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  endEverything,
  failToStart,
  freePort,
  startServer,
  temporaryFolder,
  type RunningServer,
} from "../support/server.ts";
import { issuerOf, makeWorkspace, workspaceNames } from "../support/server-calls.ts";

afterAll(endEverything);

/** Every file below a folder with its permission bits. */
interface Found {
  readonly path: string;
  readonly isFolder: boolean;
  readonly mode: string;
}

/** What is in a folder. A journal of SQLite that has gone since its name was read is not. */
function modesIn(folder: string): Found[] {
  return readdirSync(folder).flatMap((name): Found[] => {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return [];
    const isFolder = found.isDirectory();
    const own = { path, isFolder, mode: (found.mode & 0o777).toString(8) };
    return isFolder ? [own, ...modesIn(path)] : [own];
  });
}

const secretsIn = (state: string): string[] =>
  ["dome.json", "root.key", "admin.token"].map((name) => readFileSync(join(state, name), "utf8"));

/** The SQLite file in which the stopped server keeps D1. */
function openDatabase(state: string): DatabaseSync {
  const folder = join(state, "data/d1/miniflare-D1DatabaseObject");
  const names = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  expect(names).toHaveLength(1);
  return new DatabaseSync(join(folder, names[0] ?? ""));
}

/** One folder through its life: each test goes on from the one before, because every start of a server takes seconds. */
describe("the state folder", () => {
  const folder = temporaryFolder();
  const place = { state: join(folder, "state"), home: join(folder, "home") };
  let server: RunningServer;
  let issuer = "";
  beforeAll(async () => {
    server = await startServer(place);
    issuer = server.url;
  });

  it("has the workspace `default` and a context for the command line after the first start", async () => {
    expect(await workspaceNames(server)).toEqual(["default"]);
    const contexts: unknown = JSON.parse(
      readFileSync(join(server.home, ".config/dome/contexts.json"), "utf8"),
    );
    expect(contexts).toEqual({
      current: "local",
      contexts: {
        local: { url: server.url, token: expect.stringMatching(/^dome_ot_[0-9A-Za-z]{49}$/) as string },
        "local-admin": { url: server.url, token: server.adminToken },
      },
    });
    expect(JSON.stringify(contexts).split(server.adminToken)).toHaveLength(2);
    expect(server.adminToken).toMatch(/^dome_ot_[0-9A-Za-z]{49}$/);
    expect(server.logs()).not.toContain(server.adminToken);
  });

  it("is readable by its owner alone, because it holds the root key (P4)", async () => {
    await makeWorkspace(server, "team-a");
    const modes = modesIn(server.stateDir);
    expect((statSync(server.stateDir).mode & 0o777).toString(8)).toBe("700");
    const wrong = modes.filter(({ isFolder, mode }) => mode !== (isFolder ? "700" : "600"));
    expect(wrong).toEqual([]);
    expect(modes.length).toBeGreaterThan(10);
    expect((statSync(join(server.home, ".config/dome/contexts.json")).mode & 0o777).toString(8)).toBe("600");
  });

  it("keeps root key, admin token, issuer and everything made before a stop", async () => {
    const before = secretsIn(place.state);
    expect(await server.stop()).toMatchObject({ code: 0, signal: null });
    expect(existsSync(join(place.state, "server.pids"))).toBe(false);

    server = await startServer({ ...place, port: server.port });
    expect(secretsIn(place.state)).toEqual(before);
    expect(await workspaceNames(server)).toEqual(["default", "team-a"]);
  });

  it("makes another admin token when that file was removed, and none of the root key", async () => {
    const [rootKey, adminToken] = [readFileSync(join(place.state, "root.key"), "utf8"), server.adminToken];
    await server.stop();
    rmSync(join(place.state, "admin.token"));
    server = await startServer(place);
    expect(server.adminToken).not.toBe(adminToken);
    expect(readFileSync(join(place.state, "root.key"), "utf8")).toBe(rootKey);
    expect(await workspaceNames(server)).toEqual(["default", "team-a"]);
  });

  it("keeps its issuer on another port, because tokens and receipts name it", async () => {
    expect(server.url).not.toBe(issuer);
    expect(await issuerOf(server)).toBe(issuer);
    await server.stop();
  });
});

describe("a start that cannot be", () => {
  it("says that the port is taken, and has not fixed the issuer", async () => {
    const port = await freePort();
    const other = createServer().listen(port, "127.0.0.1");
    await once(other, "listening");
    const state = join(temporaryFolder(), "state");
    expect(await failToStart({ port, state })).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `dome: port ${port} on 127.0.0.1 is in use; stop the program that uses it, or choose another --port\n`,
    });
    expect(existsSync(join(state, "dome.json"))).toBe(false);
    other.close();
  });

  it("that loses the port to another first start has not fixed the issuer", async () => {
    const port = await freePort();
    const states = [1, 2].map(() => join(temporaryFolder(), "state"));
    const started = await Promise.allSettled(states.map((state) => startServer({ port, state })));
    const winners = started.filter((each) => each.status === "fulfilled");
    expect(winners).toHaveLength(1);
    const fixed = states.filter((state) => existsSync(join(state, "dome.json")));
    expect(fixed).toEqual(winners.map(({ value }) => value.stateDir));
    await winners[0]?.value.stop();
  });

  it("says that the folder cannot be used, and why", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    expect(await failToStart({ state: join(file, "state") })).toMatchObject({
      code: 1,
      stderr: `dome: cannot use ${file}/state as the state folder: a part of its path is not a folder\n`,
    });
    expect(await failToStart({ state: file })).toMatchObject({
      code: 1,
      stderr: `dome: cannot use ${file} as the state folder: it is not a folder\n`,
    });
  });

  it.skipIf(process.getuid?.() === 0)("says that the folder is not writable", async () => {
    const parent = temporaryFolder();
    chmodSync(parent, 0o500);
    expect(await failToStart({ state: join(parent, "state"), home: temporaryFolder() })).toMatchObject({
      code: 1,
      stderr: `dome: cannot use ${parent}/state as the state folder: permission denied\n`,
    });
  });

  it("leaves a folder alone that holds something else", async () => {
    const state = temporaryFolder();
    writeFileSync(join(state, "thesis.tex"), "");
    chmodSync(state, 0o755);
    expect(await failToStart({ state })).toMatchObject({
      code: 1,
      stderr: `dome: ${state} has files but no Dome state; choose another --state\n`,
    });
    expect(readdirSync(state)).toEqual(["thesis.tex"]);
    expect((statSync(state).mode & 0o777).toString(8)).toBe("755");
  });

  it("does not touch a state that a newer version wrote", async () => {
    const state = temporaryFolder();
    writeFileSync(join(state, "dome.json"), JSON.stringify({ version: 2, something: "else" }));
    expect(await failToStart({ state })).toMatchObject({
      code: 1,
      stderr: `dome: ${state} was written by a newer version of Dome (its state version is 2, this version supports 1); use that version or a later one\n`,
    });
    expect(existsSync(join(state, "root.key"))).toBe(false);
    expect(existsSync(join(state, "data"))).toBe(false);
  });

  it("does not serve a database with a migration that it does not have", async () => {
    const folder = temporaryFolder();
    const place = { state: join(folder, "state"), home: join(folder, "home") };
    await (await startServer(place)).stop();
    const database = openDatabase(place.state);
    database.exec("INSERT INTO d1_migrations (name) VALUES ('9999_later.sql')");
    database.close();
    expect(await failToStart(place)).toMatchObject({
      code: 1,
      stderr: `dome: ${place.state} was written by a newer version of Dome (its database has the migration 9999_later.sql); use that version or a later one\n`,
    });
  });

  it("does not take another issuer for a state whose tokens name the first", async () => {
    const folder = temporaryFolder();
    const place = { state: join(folder, "state"), home: join(folder, "home") };
    const first = await startServer({ ...place, args: ["--public-url", "https://dome.example.com"] });
    expect(await issuerOf(first)).toBe("https://dome.example.com");
    await first.stop();
    const line = `dome: ${place.state} belongs to https://dome.example.com. The public URL is the issuer of its tokens and cannot change to https://dome.example.org; use another --state\n`;
    expect(await failToStart({ ...place, args: ["--public-url", "https://dome.example.org"] })).toMatchObject(
      {
        code: 1,
        stderr: line,
      },
    );
    expect(
      await failToStart({ ...place, env: { DOME_PUBLIC_URL: "https://dome.example.org" } }),
    ).toMatchObject({
      code: 1,
      stderr: line,
    });
    await (await startServer({ ...place, args: ["--public-url", "https://dome.example.com"] })).stop();
  });

  it("does not make a new root key for a state that has lost its own", async () => {
    const folder = temporaryFolder();
    const state = join(folder, "state");
    mkdirSync(state);
    const settings = {
      version: 1,
      public_url: "http://127.0.0.1:1",
      created_at: "",
      schema: null,
      first_start_done: true,
    };
    writeFileSync(join(state, "dome.json"), JSON.stringify(settings));
    expect(await failToStart({ state })).toMatchObject({
      code: 1,
      stderr: `dome: ${state}/root.key is missing, and the state cannot be read without it; restore the file from a backup\n`,
    });
    writeFileSync(join(state, "root.key"), "c2hvcnQ=\n");
    expect(await failToStart({ state })).toMatchObject({
      code: 1,
      stderr: `dome: ${state}/root.key is damaged (wrong_length); restore it from a backup\n`,
    });
  });

  it("ends with 2 when the command line is wrong", async () => {
    expect(await failToStart({ args: ["--frobnicate"] })).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "dome: Unknown option '--frobnicate' (--help lists the options)\n",
    });
  });
});
