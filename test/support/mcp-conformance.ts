/**
 * The conformance suite of the protocol's authors, run against a URL. Its requirement sets are frozen per revision; what
 * it runs beside them is not scored. A server that is not there passes checks too (those that expect silence), so what
 * counts is which scenarios of the set passed, and how many there are.
 *
 *     const report = await runMcpConformance(upstream.url, "2026-07-28");
 *     report.required            // { passed: ["server-stateless", …], failed: [] }
 *     report.checks              // { "server-stateless": { passed: 30, failed: 0 }, … }, the unscored ones too
 */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

type McpRevision = "2025-11-25" | "2026-07-28";

interface ConformanceReport {
  readonly required: { readonly passed: readonly string[]; readonly failed: readonly string[] };
  readonly checks: Readonly<Record<string, { readonly passed: number; readonly failed: number }>>;
}

const SUITE = dirname(
  createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json"),
);
const Requirements = z.looseObject({ server: z.array(z.string()) });
const Checks = z.array(z.looseObject({ status: z.string() }));

/** A result lies in a folder of this name. */
const RESULT = /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/;

export async function runMcpConformance(url: string, revision: McpRevision): Promise<ConformanceReport> {
  const { server } = Requirements.parse(
    parse(await readFile(join(SUITE, "requirements", `${revision}.yaml`), "utf8")),
  );
  const folder = await mkdtemp(join(tmpdir(), "dome-mcp-conformance-"));
  try {
    await run(["server", "--url", url, "--requirements", revision, "-o", folder]);
    const checks: Record<string, { passed: number; failed: number }> = {};
    for (const name of await readdir(folder)) {
      const scenario = RESULT.exec(name)?.[1];
      if (scenario === undefined) continue;
      const all = Checks.parse(JSON.parse(await readFile(join(folder, name, "checks.json"), "utf8")));
      const count = (status: string): number => all.filter((check) => check.status === status).length;
      checks[scenario] = { passed: count("SUCCESS"), failed: count("FAILURE") };
    }
    const isPassed = (scenario: string): boolean =>
      (checks[scenario]?.passed ?? 0) > 0 && checks[scenario]?.failed === 0;
    return {
      required: {
        passed: server.filter((scenario) => isPassed(scenario)),
        failed: server.filter((scenario) => !isPassed(scenario)),
      },
      checks,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Its status says whether a required scenario failed; the files say which. */
const run = (options: readonly string[]): Promise<void> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [join(SUITE, "dist/index.js"), ...options], () => resolve());
    child.stdin?.end();
  });
