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

function lines(testResults: unknown, xml?: string): string {
  const reports = [join(folder, "report.json")];
  writeFileSync(join(folder, "report.json"), JSON.stringify({ testResults }));
  if (xml !== undefined) {
    writeFileSync(join(folder, "report.xml"), xml);
    reports.push(join(folder, "report.xml"));
  }
  return spawnSync(process.execPath, [join(REPOSITORY, "scripts/count-tests.ts"), ...reports], {
    encoding: "utf8",
  }).stdout;
}

const suite = (stated: string): string =>
  `<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" ${stated} time="1.0"></testsuite></testsuites>`;

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

  it("adds the tests of other runners, so that there is one number", () => {
    const passed = [{ status: "passed", assertionResults: [{ status: "passed" }] }];
    expect(lines(passed, suite('errors="1" failures="2" skipped="3" tests="20"'))).toBe(
      "3 skipped or not yet written\n15 passed, 3 failed\n",
    );
  });

  it("says nothing of a report that states no sums, because any number would be made up", () => {
    expect(lines([], suite('failures="0"'))).toBe("");
    expect(lines([], "")).toBe("");
  });
});
