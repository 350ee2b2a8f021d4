/** The last line of a run is read from the runner's report, so that it cannot say more than was run. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, describe, expect, it } from "vitest";
import { REPOSITORY } from "./planted-tree.ts";

const folder = mkdtempSync(join(tmpdir(), "dome-count-"));

afterAll(() => rmSync(folder, { recursive: true }));

function lines(testResults: unknown): string {
  const report = join(folder, "report.json");
  writeFileSync(report, JSON.stringify({ testResults }));
  return spawnSync(process.execPath, [join(REPOSITORY, "scripts/count-tests.ts"), report], {
    encoding: "utf8",
  }).stdout;
}

describe("the count of tests", () => {
  it("adds up the files", () => {
    expect(
      lines([
        { status: "passed", assertionResults: [{ status: "passed" }, { status: "passed" }] },
        { status: "failed", assertionResults: [{ status: "passed" }, { status: "failed" }] },
      ]),
    ).toBe("3 passed, 1 failed\n");
  });

  it("counts a file that could not be loaded as a failure, because its tests did not run", () => {
    expect(lines([{ status: "failed", assertionResults: [] }])).toBe("0 passed, 1 failed\n");
  });

  it("does not count a skipped test as passed", () => {
    expect(
      lines([{ status: "passed", assertionResults: [{ status: "passed" }, { status: "skipped" }] }]),
    ).toBe("1 skipped or not yet written\n1 passed, 0 failed\n");
  });
});
