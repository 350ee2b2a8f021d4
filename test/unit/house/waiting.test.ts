/** What makes a run of all tests long is counted, so that the next one who adds to it has thought about it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { REPOSITORY } from "./planted-tree.ts";

const files = readdirSync(join(REPOSITORY, "test"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.includes("node_modules"))
  .map((path) => ({ path, text: readFileSync(join(REPOSITORY, "test", path), "utf8") }));

const sources = readdirSync(join(REPOSITORY, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path, text: readFileSync(join(REPOSITORY, "src", path), "utf8") }));

/** Races against a sleep without a signal. */
const endlessRaces = (text: string): readonly string[] =>
  text
    .split("Promise.race(")
    .slice(1)
    .map((rest) => rest.slice(0, rest.indexOf("])")))
    .filter((race) => /\.sleep\((?:[^(),]|\([^()]*\))*(?:\)|$)/.test(race));

const countOf = (pattern: RegExp): number =>
  files.reduce((sum, { text }) => sum + (text.match(pattern)?.length ?? 0), 0);

it("starts no more servers than it has to: each takes seconds", () => {
  const starts = countOf(/\bawait start(?:Server|Runtime)\(/g);
  expect(starts).toBeGreaterThan(20);
  expect(starts).toBeLessThanOrEqual(48);
});

it("sleeps for real only while it looks whether another process is ready, never to let time pass", () => {
  const sleeps = countOf(/\bsystemTimers\.sleep\(|\bsetTimeout\(/g);
  expect(sleeps).toBeGreaterThan(5);
  expect(sleeps).toBeLessThanOrEqual(16);
});

it("ends the sleep that has lost a race: its timer would keep what it holds, and count as work that goes on", () => {
  expect(endlessRaces("Promise.race([pending, timers.sleep(ms)])")).toHaveLength(1);
  expect(endlessRaces("Promise.race([\n f(), timers.sleep(g(ms)).then(() => LATE),\n])")).toHaveLength(1);
  expect(endlessRaces("Promise.race([pending, timers.sleep(ms, over.signal)])")).toEqual([]);
  const found = sources.flatMap(({ path, text }) => endlessRaces(text).map((race) => `${path}: ${race}`));
  expect(found).toEqual([]);
});

it("starts workerd once for many files of tests: a start costs more than most files do", () => {
  const config = readFileSync(join(REPOSITORY, "vitest.config.ts"), "utf8");
  const inWorkerd = config.slice(config.indexOf("function inWorkerd"), config.indexOf("export default"));
  expect(inWorkerd).toContain("isolate: false,");
});

it("finds objects by the names that a file of tests has used: the platform's list has those of other files", () => {
  const listing = files.filter(({ text }) => /\blistDurableObjectIds\(/.test(text)).map(({ path }) => path);
  expect(listing.toSorted()).toEqual(["support/reached-objects.ts", "worker/leases.test.ts"]);
});
