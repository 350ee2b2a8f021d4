/** The policies of a file with tests: read, compiled and validated against its world, as a push would. */
import type { PolicyFault } from "../../contract/policy.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { bundleDigest } from "../../policy/bundle-digest.ts";
import type { Cedar } from "../../policy/cedar.ts";
import type { Bundles } from "../../policy/engine.ts";
import { readBundle } from "../../policy/read-bundle.ts";
import type { ActiveBundle, PolicyScope } from "../../policy/shape.ts";
import { validateBundle } from "../../policy/validate-bundle.ts";
import type { Path } from "../yaml-places.ts";
import type { PlacedTests } from "./read-test-file.ts";
import type { TestFile } from "./test-file.ts";
import { agentIdOf, policyWorldOf, workspaceIdOf } from "./test-world.ts";

/** A fault in one of the files. */
export interface FileFault extends PolicyFault {
  readonly file: string;
}

/** Policies of one scope, and the file that they are in. */
export interface LoadedBundle {
  readonly file: string;
  /** The scope as a decision names it, with agents by name: `workspace`, `tier:standard`, `agent:triage`. */
  readonly scope: string;
  readonly bundle: ActiveBundle;
}

/** Gives the text of a file with policies, by its path in the file with the tests. @throws Error when it cannot be read. */
type ReadPolicies = (path: string) => Promise<{ readonly file: string; readonly text: string }>;

interface Named {
  readonly scope: PolicyScope;
  readonly name: string;
  readonly path: string;
  readonly at: Path;
}

export async function loadBundles(
  cedar: Cedar,
  file: string,
  { tests, faultAt }: PlacedTests,
  read: ReadPolicies,
): Promise<Result<readonly LoadedBundle[], readonly FileFault[]>> {
  const loaded: LoadedBundle[] = [];
  const faults: FileFault[] = [];
  for (const { scope, name, path, at } of namedIn(tests)) {
    const found = await read(path).catch((fault: unknown) =>
      fault instanceof Error ? fault.message : String(fault),
    );
    if (typeof found === "string") {
      faults.push({ file, ...faultAt(at, `${found}.`) });
      continue;
    }
    const valid = validated(cedar, tests, scope, found.text);
    if (valid.ok) loaded.push({ file: found.file, scope: name, bundle: valid.value });
    else
      for (const { message, ...rest } of valid.error)
        faults.push({ file: found.file, ...rest, detail: message });
  }
  return faults.length === 0 ? ok(loaded) : err(faults);
}

function namedIn({ policies, world }: TestFile): readonly Named[] {
  const { organization, workspace, tiers = {}, agents = {} } = policies;
  const named = (scope: PolicyScope, at: readonly string[], path: string | undefined): readonly Named[] =>
    path === undefined
      ? []
      : [
          {
            scope,
            name: at.length === 1 ? scope.kind : `${scope.kind}:${at[1]}`,
            path,
            at: ["policies", ...at],
          },
        ];
  return [
    ...named({ kind: "organization" }, ["organization"], organization),
    ...named({ kind: "workspace", id: workspaceIdOf(world) }, ["workspace"], workspace),
    ...Object.entries(tiers).flatMap(([name, path]) => named({ kind: "tier", name }, ["tiers", name], path)),
    ...Object.entries(agents).flatMap(([name, path]) =>
      named({ kind: "agent", id: agentIdOf(world, name) }, ["agents", name], path),
    ),
  ];
}

function validated(cedar: Cedar, tests: TestFile, scope: PolicyScope, text: string) {
  const read = readBundle(cedar, text);
  if (!read.ok) return read;
  const valid = validateBundle(cedar, read.value, policyWorldOf(tests, scope.kind));
  if (!valid.ok) return valid;
  return ok({ scope, version: 1, digest: bundleDigest(text), compiled: read.value });
}

/** The bundles in force in the world of the file. */
export function bundlesOf(loaded: readonly LoadedBundle[]): Bundles {
  const find = (scope: PolicyScope): ActiveBundle | null =>
    loaded.find(({ bundle }) => isSame(bundle.scope, scope))?.bundle ?? null;
  const workspace = loaded.find(({ scope }) => scope === "workspace")?.bundle ?? null;
  return {
    organization: find({ kind: "organization" }),
    workspace,
    tier: (name) => find({ kind: "tier", name }),
    agent: (id) => find({ kind: "agent", id }),
  };
}

export const isSame = (a: PolicyScope, b: PolicyScope): boolean =>
  a.kind === b.kind &&
  (a.kind !== "tier" || (b.kind === "tier" && a.name === b.name)) &&
  (a.kind !== "agent" || (b.kind === "agent" && a.id === b.id));
