/** The files with tests in docs/policies, read, with their policies compiled. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundlesOf, loadBundles, type LoadedBundle } from "../../src/cli/policy-tests/load-bundles.ts";
import { readTestFile } from "../../src/cli/policy-tests/read-test-file.ts";
import type { TestFile } from "../../src/cli/policy-tests/test-file.ts";
import type { Bundles } from "../../src/policy/engine.ts";
import { testCedar } from "./cedar-module.ts";

const FOLDER = join(import.meta.dirname, "../../docs/policies");

/** The names of the files, without `.test.yaml`. */
export const WORKED: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".test.yaml"))
  .map((name) => name.replace(".test.yaml", ""))
  .toSorted();

export const workedFile = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

interface Worked {
  readonly tests: TestFile;
  readonly loaded: readonly LoadedBundle[];
  readonly bundles: Bundles;
}

/** @param text of a file with tests. @throws Error when it cannot be used. */
export async function readWorked(text: string, policies = workedFile): Promise<Worked> {
  const read = readTestFile(text);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const loaded = await loadBundles(testCedar(), "", read.value, (file) =>
    Promise.resolve({ file, text: policies(file) }),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return { tests: read.value.tests, loaded: loaded.value, bundles: bundlesOf(loaded.value) };
}
