/** A setting of an agent is a line in one table: the compiler names every other place that lacks it, so none is forgotten. */
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plantTree, removeTree, REPOSITORY } from "./planted-tree.ts";

const TABLE = "src/contract/agent.ts";
const FIRST_LINE = "export const AGENT_SETTINGS = {\n";
const PLANTED = "  colour: setting(text, text.default(null), text),\n";

let root: string;

beforeAll(() => {
  root = plantTree({});
  cpSync(join(REPOSITORY, "src"), join(root, "src"), { recursive: true });
  const table = readFileSync(join(root, TABLE), "utf8");
  writeFileSync(join(root, TABLE), table.replace(FIRST_LINE, FIRST_LINE + PLANTED));
});

afterAll(() => removeTree(root));

/** The files under `src` that do not compile, without those that follow from another. */
function broken(project: "worker" | "node"): readonly string[] {
  const tsc = join(REPOSITORY, "node_modules/.bin/tsc");
  const { stdout } = spawnSync(
    tsc,
    ["-p", `tsconfig.${project}.json`, "--noEmit", "--incremental", "false"],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  const files = stdout.matchAll(/^(src\/[^(]+)\(\d+,\d+\): error/gm);
  return [...new Set([...files].map(([, file]) => file ?? ""))].toSorted();
}

describe("a setting that is only in the table of the contract", () => {
  it("is planted where the table begins", () => {
    expect(readFileSync(join(root, TABLE), "utf8")).toContain(FIRST_LINE + PLANTED);
  });

  it("is missed by the compiler where it is kept, shown and resolved", { timeout: 120_000 }, () => {
    expect(broken("worker")).toEqual(
      expect.arrayContaining(["src/operations/rules/settings.ts", "src/registry/agent-settings.ts"]),
    );
  });

  it("is missed by the compiler where the command line sets and changes it", { timeout: 120_000 }, () => {
    expect(broken("node")).toEqual(
      expect.arrayContaining(["src/cli/commands/agents/register.ts", "src/cli/commands/agents/update.ts"]),
    );
  });

  it("is missed by the compiler where it narrows, once it has a column", { timeout: 120_000 }, () => {
    const kept = join(root, "src/registry/agent-settings.ts");
    const before = readFileSync(kept, "utf8");
    const line = '  contact: kept("contact", (contact) => contact),\n';
    writeFileSync(kept, before.replace(line, `${line}  colour: kept("objectStartedAt", () => null),\n`));
    expect(broken("worker")).toContain("src/registry/narrowing.ts");
    writeFileSync(kept, before.replace(line, `${line}  colour: kept("colour", (colour) => colour),\n`));
    expect(broken("worker")).toContain("src/registry/agent-settings.ts");
  });
});
