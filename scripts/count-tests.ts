/**
 * Turns reports of test runners into one line, `N passed, N failed`: vitest's JSON, and JUnit XML as pytest writes it
 * (`.xml`). A test file that could not be loaded, and so reports no test at all, counts as one failure.
 *
 *   node scripts/count-tests.ts REPORT…
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

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly other: number;
}

const paths = process.argv.slice(2);
if (paths.length === 0) throw new Error("usage: node scripts/count-tests.ts REPORT…");
const counts = paths.map((path) =>
  (path.endsWith(".xml") ? countOfXml : countOfJson)(readFileSync(path, "utf8")),
);

const sum = (member: keyof Count): number => counts.reduce((total, count) => total + count[member], 0);
if (sum("other") > 0) console.log(`${sum("other")} skipped or not yet written`);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);

function countOfJson(text: string): Count {
  const { testResults } = Report.parse(JSON.parse(text));
  const statuses = testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ status }) => status),
  );
  const count = (wanted: string): number => statuses.filter((status) => status === wanted).length;
  const unloaded = testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((assertion) => assertion.status === "failed"),
  ).length;
  const [passed, failed] = [count("passed"), count("failed")];
  return { passed, failed: failed + unloaded, other: statuses.length - passed - failed };
}

/** The sums that each suite states. What could not be loaded is among its errors. */
function countOfXml(text: string): Count {
  const suites = [...text.matchAll(/<testsuite\s[^>]*>/g)].map(([tag]) => (name: string): number => {
    const value = new RegExp(`\\s${name}="(\\d+)"`).exec(tag)?.[1];
    if (value === undefined) throw new Error(`a suite of the report does not say its ${name}`);
    return Number(value);
  });
  if (suites.length === 0) throw new Error("the report has no suite");
  const all = (name: string): number => suites.reduce((total, stated) => total + stated(name), 0);
  const failed = all("failures") + all("errors");
  return { passed: all("tests") - failed - all("skipped"), failed, other: all("skipped") };
}
