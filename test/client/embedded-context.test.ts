/** How the server tells the command line about itself. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { contextsPath, saveContexts, type Saved } from "../../src/embedded/cli-context.ts";
import { endEverything, temporaryFolder } from "../support/server.ts";

afterAll(endEverything);

const URL = "http://127.0.0.1:8787";
const mine = { url: URL, adminToken: "dome_ot_admin", contextName: "local" };
const local = { url: URL, token: "dome_ot_local" };
const admin = { url: URL, token: "dome_ot_admin" };
const both = { local, "local-admin": admin };
const other = { url: "https://dome.example.com", token: "dome_ot_other" };

let path = "";
let asked: (string | null)[] = [];
beforeEach(() => {
  path = join(temporaryFolder(), "dome", "contexts.json");
  asked = [];
});

const save = (server = mine): Promise<Saved> =>
  saveContexts(path, server, (saved) => {
    asked.push(saved);
    return Promise.resolve({ token: local.token });
  });

function put(content: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
}
const read = (): unknown => JSON.parse(readFileSync(path, "utf8"));

const SAVED: Saved = { name: "local", admin: "local-admin", current: true, remarks: [] };

describe("the contexts `local` and `local-admin`", () => {
  it("are saved for their owner alone; `local`, who has less rights, becomes current when none is", async () => {
    expect(await save()).toEqual(SAVED);
    expect(read()).toEqual({ current: "local", contexts: both });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(asked).toEqual([null]);
  });

  it("do not become current when another is, because commands would go to another service unasked", async () => {
    put({ current: "work", contexts: { work: other } });
    expect(await save()).toEqual({ ...SAVED, current: false });
    expect(read()).toEqual({ current: "work", contexts: { work: other, ...both } });
  });

  it("become current when the current one names a context that is gone", async () => {
    put({ current: "gone", contexts: {} });
    expect((await save()).current).toBe(true);
  });

  it("get the new tokens of the same URL: the old ones belonged to a state that is no longer served", async () => {
    put({ current: "local", contexts: { local: { ...local, token: "dome_ot_before" } } });
    await save();
    expect(read()).toEqual({ current: "local", contexts: both });
    expect(asked).toEqual(["dome_ot_before"]);
  });

  it("follow their server to another port", async () => {
    put({ current: "local", contexts: both });
    const url = "http://127.0.0.1:9000";
    await save({ ...mine, url });
    expect(read()).toEqual({
      current: "local",
      contexts: { local: { ...local, url }, "local-admin": { ...admin, url } },
    });
    expect(asked).toEqual([local.token]);
  });

  it("take the place of a `local` that has the admin token, as an earlier version saved it", async () => {
    put({ current: "local", contexts: { local: { ...admin, url: "http://127.0.0.1:1" } } });
    await save();
    expect(read()).toEqual({ current: "local", contexts: both });
  });

  it.each([
    ["local", { local: other }],
    ["local-admin", { "local-admin": other }],
    ["both", { local: other, "local-admin": other }],
  ])(
    "leave %s that belong to another server, because tokens may be saved nowhere else",
    async (_what, theirs) => {
      put({ current: Object.keys(theirs)[0], contexts: theirs });
      expect(await save()).toEqual({
        name: "local-8787",
        admin: "local-8787-admin",
        current: false,
        remarks: ['the context "local" belongs to another server and was left alone'],
      });
      expect(read()).toMatchObject({
        contexts: { ...theirs, "local-8787": local, "local-8787-admin": admin },
      });
      expect(asked).toEqual([null]); // a token of another server is shown to none
    },
  );

  it("have the name of their server, so that one for development takes nothing from the other at its port", async () => {
    put({ current: "local", contexts: both });
    const saved = await save({ ...mine, adminToken: "dome_ot_dev", contextName: "dev" });
    expect(saved).toEqual({ name: "dev", admin: "dev-admin", current: false, remarks: [] });
    expect(read()).toEqual({
      current: "local",
      contexts: { ...both, dev: local, "dev-admin": { ...admin, token: "dome_ot_dev" } },
    });
    expect(asked).toEqual([null]);
  });

  it("keep members that they do not know", async () => {
    put({ color: "never", contexts: { local: { ...local, workspace: "team-a" } } });
    await save();
    expect(read()).toEqual({
      color: "never",
      current: "local",
      contexts: { local: { ...local, workspace: "team-a" }, "local-admin": admin },
    });
  });

  it("leave a damaged file alone, and say so; no token is made that could not be saved", async () => {
    put("{");
    expect(await save()).toEqual({
      name: null,
      admin: null,
      current: false,
      remarks: [`${path} is not valid JSON and is unchanged`],
    });
    expect(readFileSync(path, "utf8")).toBe("{");
    expect(asked).toEqual([]);
  });

  it("are not saved where that is impossible; the server says why, and makes no token", async () => {
    const under = join(temporaryFolder(), "file");
    writeFileSync(under, "");
    path = join(under, "dome", "contexts.json");
    expect((await save()).remarks).toEqual([
      `the context could not be saved in ${path}: a part of its path is not a folder`,
    ]);
    expect(asked).toEqual([]);
  });

  it("are the admin's alone when no token could be made, and the server says why", async () => {
    const saved = await saveContexts(path, mine, () => Promise.resolve({ remark: "it is full" }));
    expect(saved).toEqual({ name: null, admin: "local-admin", current: false, remarks: ["it is full"] });
    expect(read()).toEqual({ contexts: { "local-admin": admin } });
  });

  it("are in XDG_CONFIG_HOME, else under .config of the home", () => {
    expect(contextsPath({ XDG_CONFIG_HOME: "/x", HOME: "/h" })).toBe("/x/dome/contexts.json");
    expect(contextsPath({ HOME: "/h" })).toBe("/h/.config/dome/contexts.json");
    expect(contextsPath({ XDG_CONFIG_HOME: "relative", HOME: "/h" })).toBe("/h/.config/dome/contexts.json");
  });
});
