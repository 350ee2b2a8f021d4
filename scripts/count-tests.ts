/**
 * Turns vitest's JSON report into one line, `N passed, N failed`. A test file that could not be loaded, and so reports
 * no test at all, counts as one failure.
 *
 *   node scripts/count-tests.ts REPORT
 */
import { readFileSync } from "node:fs";
import { z } from "zod";

const Report = z.object({
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: node scripts/count-tests.ts REPORT");
const { testResults } = Report.parse(JSON.parse(readFileSync(path, "utf8")));

const statuses = testResults.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status));
const count = (wanted: string): number => statuses.filter((status) => status === wanted).length;
const unloaded = testResults.filter(
  ({ status, assertionResults }) =>
    status === "failed" && !assertionResults.some((assertion) => assertion.status === "failed"),
).length;

const other = statuses.length - count("passed") - count("failed");
if (other > 0) console.log(`${other} skipped or not yet written`);
console.log(`${count("passed")} passed, ${count("failed") + unloaded} failed`);
