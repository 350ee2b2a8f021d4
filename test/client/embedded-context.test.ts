/** How the server tells the command line about itself. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { contextsPath, saveContext } from "../../src/embedded/cli-context.ts";
import { endEverything, temporaryFolder } from "../support/server.ts";

afterAll(endEverything);

const mine = { url: "http://127.0.0.1:8787", token: "dome_ot_mine" };
const other = { url: "https://dome.example.com", token: "dome_ot_other" };

let path = "";
beforeEach(() => {
  path = join(temporaryFolder(), "dome", "contexts.json");
});

function put(content: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
}
const read = (): unknown => JSON.parse(readFileSync(path, "utf8"));

describe("the context `local`", () => {
  it("is saved for its owner alone, and becomes current when none is", () => {
    expect(saveContext(path, mine)).toEqual({ name: "local", current: true, remark: null });
    expect(read()).toEqual({ current: "local", contexts: { local: mine } });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("does not become current when another is, because commands would go to another service unasked", () => {
    put({ current: "work", contexts: { work: other } });
    expect(saveContext(path, mine)).toEqual({ name: "local", current: false, remark: null });
    expect(read()).toEqual({ current: "work", contexts: { work: other, local: mine } });
  });

  it("becomes current when the current one names a context that is gone", () => {
    put({ current: "gone", contexts: {} });
    expect(saveContext(path, mine).current).toBe(true);
  });

  it("gets the new token of the same URL: the old one belonged to a state that is no longer served", () => {
    put({ current: "local", contexts: { local: { ...mine, token: "dome_ot_before" } } });
    saveContext(path, mine);
    expect(read()).toEqual({ current: "local", contexts: { local: mine } });
  });

  it("follows its server to another port", () => {
    put({ current: "local", contexts: { local: mine } });
    saveContext(path, { ...mine, url: "http://127.0.0.1:9000" });
    expect(read()).toEqual({
      current: "local",
      contexts: { local: { ...mine, url: "http://127.0.0.1:9000" } },
    });
  });

  it("leaves a context of that name that belongs to another server, because its token may be saved nowhere else", () => {
    put({ current: "local", contexts: { local: other } });
    expect(saveContext(path, mine)).toEqual({
      name: "local-8787",
      current: false,
      remark: 'the context "local" belongs to another server and was left alone',
    });
    expect(read()).toEqual({ current: "local", contexts: { local: other, "local-8787": mine } });
  });

  it("keeps members it does not know", () => {
    put({ color: "never", contexts: { local: { ...mine, workspace: "team-a" } } });
    saveContext(path, mine);
    expect(read()).toEqual({
      color: "never",
      current: "local",
      contexts: { local: { ...mine, workspace: "team-a" } },
    });
  });

  it("leaves a damaged file alone and says so", () => {
    put("{");
    expect(saveContext(path, mine)).toEqual({
      name: null,
      current: false,
      remark: `${path} is not readable as JSON and was left alone`,
    });
    expect(readFileSync(path, "utf8")).toBe("{");
  });

  it("says why when it cannot be saved", () => {
    const under = join(temporaryFolder(), "file");
    writeFileSync(under, "");
    const impossible = join(under, "dome", "contexts.json");
    expect(saveContext(impossible, mine).remark).toBe(
      `the context could not be saved in ${impossible}: a part of its path is not a folder`,
    );
  });

  it("is in XDG_CONFIG_HOME, else under .config of the home", () => {
    expect(contextsPath({ XDG_CONFIG_HOME: "/x", HOME: "/h" })).toBe("/x/dome/contexts.json");
    expect(contextsPath({ HOME: "/h" })).toBe("/h/.config/dome/contexts.json");
    expect(contextsPath({ XDG_CONFIG_HOME: "relative", HOME: "/h" })).toBe("/h/.config/dome/contexts.json");
  });
});
