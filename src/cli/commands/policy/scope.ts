/** The options that name a policy bundle, and the file with its text. */
import { Option, type Command } from "commander";
import type { PolicyReference } from "../../../client/policies.ts";
import type { PolicyBundle, PolicyScopeKind } from "../../../contract/policy.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { usage } from "../../exit.ts";
import { readInput } from "../../input-file.ts";
import { inWorkspace, workspaceOption } from "../../option-values.ts";

export interface ScopeOptions {
  readonly organization?: true;
  readonly tier?: string;
  readonly agent?: string;
  readonly workspace?: string;
}

/** Adds `--organization`, `--tier`, `--agent` and `--workspace`. Without the first three, the bundle is the workspace's. */
export const withScope = (command: Command): Command =>
  command
    .addOption(
      new Option("--organization", "the policies of the whole organization").conflicts(["tier", "agent"]),
    )
    .addOption(new Option("--tier <tier>", "the policies of a tier").conflicts("agent"))
    .option("--agent <agent>", "the policies of an agent")
    .addOption(workspaceOption());

export function scopeOf({ organization, tier, agent, workspace }: ScopeOptions): PolicyReference {
  if (organization === true) return { scope: "organization" };
  if (tier !== undefined) return { scope: `tier:${tier}` };
  return { scope: agent === undefined ? "workspace" : `agent:${agent}`, workspace };
}

export function scopeKind({ organization, tier, agent }: ScopeOptions): PolicyScopeKind {
  if (organization === true) return "organization";
  if (tier !== undefined) return "tier";
  return agent === undefined ? "workspace" : "agent";
}

/** The same options, for a command to type next. */
export function withScopeOf({ organization, tier, agent, workspace }: ScopeOptions): string {
  if (organization === true) return " --organization";
  if (tier !== undefined) return ` --tier ${shellWord(tier)}`;
  return `${agent === undefined ? "" : ` --agent ${shellWord(agent)}`}${inWorkspace(workspace)}`;
}

type Whose = Pick<PolicyBundle, "scope" | "name" | "workspace">;

/** `the tier standard` */
export const inWords = ({ scope, name }: Whose): string =>
  name === null ? "the organization" : `the ${scope} ${name}`;

/** `tier:standard` */
export const bundleName = ({ scope, name }: Pick<Whose, "scope" | "name">): string =>
  name === null || scope === "workspace" ? scope : `${scope}:${name}`;

/** @throws CommandFailure (exit 2) when the file cannot be read or is not UTF-8. */
export async function readPolicies(file: string): Promise<string> {
  const bytes = await readInput(file);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw usage(`${file} is not UTF-8 text`);
  }
}
