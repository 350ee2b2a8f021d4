/** Collects the tokens, agents and user of a person who leaves, and the text forms of the list. */
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Agent } from "../../../contract/agent.ts";
import type { OperatorView } from "../../../contract/operator.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import { inParallel } from "../../in-parallel.ts";
import { clean, type Output, type Style } from "../../output.ts";
import { agentTable } from "../agents/view.ts";
import { doubtsAbout } from "../users/doubts.ts";
import { isLastAdmin, LAST_ADMIN } from "./last-admin.ts";
import { operatorTable } from "./view.ts";

export interface Leaver {
  readonly subject: string;
  readonly to: string;
  /** The user as the identity provider names it. */
  readonly user: { readonly issuer: string; readonly subject: string; readonly tenant?: string } | null;
}

interface Offboarding {
  readonly subject: string;
  readonly to: string;
  readonly agents: readonly Agent[];
  /** The live tokens. */
  readonly operator_tokens: readonly OperatorView[];
  readonly user: (NonNullable<Leaver["user"]> & { readonly workspaces: readonly string[] }) | null;
  readonly last_admin: boolean;
  /** True when no workspace knows the user that is to be stopped. */
  readonly unknown_user: boolean;
}

/** @throws CommandFailure when no token and no agent has ever named this subject, because it is misspelt. */
export async function planOffboarding(
  service: ControlPlane,
  { subject, to, user }: Leaver,
): Promise<Offboarding> {
  const [tokens, stewarded] = await Promise.all([
    service.operators.list({ subject }).take(),
    service.agents.list({ steward: subject, all_workspaces: true }).take(),
  ]);
  const agents = stewarded.items;
  if (tokens.items.length === 0 && agents.length === 0) {
    const owned = await service.agents.list({ owner: subject, all_workspaces: true, limit: 1 }).take(1);
    if (owned.items.length === 0) {
      throw new CommandFailure(
        EXIT.failed,
        `no operator token and no agent names ${subject}; nothing was changed`,
        "dome operators list",
      );
    }
  }
  const live = tokens.items.filter(({ state }) => state === "live");
  const workspaces =
    user === null ? [] : (await service.workspaces.list().take()).items.map(({ name }) => name);
  return {
    subject,
    to,
    agents,
    operator_tokens: live,
    user: user === null ? null : { ...user, workspaces },
    last_admin: await isLastAdmin(service, live),
    unknown_user: user !== null && !(await isKnownSomewhere(service, workspaces, user)),
  };
}

/** Whether any workspace knows the user. Stopping a misspelt user has no effect. */
async function isKnownSomewhere(
  service: ControlPlane,
  workspaces: readonly string[],
  user: NonNullable<Leaver["user"]>,
): Promise<boolean> {
  const doubts = await inParallel(workspaces, (workspace) => doubtsAbout(service, workspace, user));
  return doubts.some((each) => each.length === 0);
}

export function planText(style: Style, { operator_tokens: tokens, agents, to, user }: Offboarding): string {
  const parts = [
    `${style.strong("operator tokens to revoke")}\n${operatorTable(style, tokens)}`,
    `${style.strong(`agents to transfer to ${clean(to)}`)}\n${agentTable(style, agents)}`,
  ];
  if (user !== null) {
    parts.push(
      `${style.strong("user to stop")}\n${clean(`${user.subject} of ${user.issuer}, in ${user.workspaces.join(", ")}`)}`,
    );
  }
  return parts.join("\n\n");
}

export function tellPlan(output: Output, plan: Offboarding): void {
  if (plan.last_admin) output.warn(LAST_ADMIN);
  if (plan.unknown_user)
    output.warn("warning: no workspace knows the user: is the issuer or the subject misspelt?");
}

interface Result {
  readonly subject: string;
  readonly to: string;
  readonly operator_tokens: readonly { readonly error: unknown }[];
  readonly agents: readonly { readonly error: unknown }[];
  readonly user: readonly { readonly error: unknown }[];
}

export function resultText({ subject, to, operator_tokens: tokens, agents, user }: Result): string {
  const done = (each: readonly { readonly error: unknown }[]): string =>
    `${each.filter(({ error }) => error === null).length} of ${each.length}`;
  const lines = [
    `${clean(subject)}: ${done(tokens)} operator tokens are revoked.`,
    `${clean(to)} is the steward of ${done(agents)} agents.`,
  ];
  if (user.length > 0)
    lines.push(`The user is stopped in ${done(user)} workspaces, effective within seconds.`);
  return lines.join("\n");
}
