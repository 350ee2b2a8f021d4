/**
 * `dome operators offboard`: removes a person who leaves. It lists everything first. Then it revokes the operator
 * tokens, gives the agents another steward, and stops the user in every workspace. The tokens come first, so that the
 * person can neither register another agent nor take one back meanwhile. Completed steps stay completed, so an
 * interrupted command can be repeated.
 */
import { Option, type Command } from "commander";
import { defined } from "../../../kernel/defined.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { attempt, tellFailed } from "../../attempt.ts";
import { verb } from "../../command.ts";
import { confirm } from "../../confirm.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { inParallel } from "../../in-parallel.ts";
import { withReason } from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { moveAgents, tellFailures } from "../agents/move-agents.ts";
import { planOffboarding, planText, resultText, tellPlan, type Leaver } from "./offboarding.ts";

interface OffboardOptions {
  readonly to: string;
  readonly user?: readonly string[];
  readonly tenant?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export const offboardCommand = (session: Session): Command =>
  verb({
    name: "offboard",
    summary: "Offboard a person: revoke operator tokens, transfer agents, stop the user",
    description:
      "Offboard a person who leaves: revoke all operator tokens of the subject, transfer the agents of which it is the steward, in every workspace, " +
      "and, with --user, stop that user everywhere. Dome lists everything and asks you to confirm; in scripts, pass --yes. " +
      "You can safely repeat the command after a failure.",
    examples: [
      "dome operators offboard bob@example.com --to carol@example.com --dry-run",
      "dome operators offboard bob@example.com --to carol@example.com --user https://login.example.com 00u1a2b3",
    ],
  })
    .argument("<subject>", "the person's subject, as operator tokens and agents name it")
    .addOption(new Option("--to <steward>", "the new steward of the agents").makeOptionMandatory())
    .option(
      "--user <issuer subject...>",
      "stop this user too: the identity provider (iss), and the user there (sub)",
    )
    .option("--tenant <tid>", "the user's tenant at the provider (tid), if any")
    .option("--reason <text>", "the reason, recorded in the ledger")
    .option("--dry-run", "only show what would be done")
    .option("-y, --yes", "do not ask")
    .action((subject: string, options: OffboardOptions) => offboard(session, subject.toLowerCase(), options));

async function offboard(session: Session, subject: string, options: OffboardOptions): Promise<void> {
  const leaver = leaverOf(subject, options);
  const service = await session.controlPlane();
  const me = await service.whoami();
  if (me.subject === subject)
    throw new CommandFailure(
      EXIT.failed,
      "you cannot offboard yourself: it would revoke the token that this command uses",
    );
  const plan = await planOffboarding(service, leaver);
  const { output } = session;
  if (options.dryRun === true) {
    output.show({
      body: plan,
      ids: [...plan.operator_tokens, ...plan.agents].map(({ id }) => id),
      text: () => planText(output.style, plan),
    });
    tellPlan(output, plan);
    output.note("Nothing was changed: this was a dry run.");
    return;
  }
  output.note(`${planText(output.style, plan)}\n`);
  tellPlan(output, plan);
  await confirm(session, options.yes, {
    answer: subject,
    question: `Offboard ${clean(subject)}? Revoked operator tokens cannot be restored. Type the subject to go on: `,
    because: "revoked operator tokens cannot be restored",
    kind: "subject",
    done: "changed",
    next: `dome operators offboard ${shellWord(subject)} --to ${shellWord(options.to)}${userWords(options)}${withReason(options.reason)} --yes`,
  });

  const tokens = await inParallel(plan.operator_tokens, async ({ id }) => ({
    id,
    ...(await attempt(service.operators.revoke(id))),
  }));
  // The list is read again, because the person could register agents until the tokens were revoked.
  const { items } = await service.agents.list({ steward: subject, all_workspaces: true }).take();
  const agents = await moveAgents(service, items, {
    from: subject,
    to: leaver.to,
    reason: options.reason ?? null,
  });
  const { user } = leaver;
  const stops = await inParallel(plan.user?.workspaces ?? [], async (workspace) => ({
    workspace,
    ...(await attempt(service.workspaces.stopUser(workspace, { ...user, reason: options.reason ?? null }))),
  }));
  const result = { subject, to: leaver.to, operator_tokens: tokens, agents, user: stops };
  output.show({
    body: {
      ...result,
      agents: agents.map(({ agent, done, error }) => ({
        agent: agent.id,
        name: agent.name,
        transferred: done,
        error,
      })),
    },
    ids: [...tokens.map(({ id }) => id), ...agents.map(({ agent }) => agent.id)],
    text: () => resultText(result),
  });
  tellFailures(session, agents);
  tellFailed(session, [
    ...tokens.map(({ id, error }) => ({ name: id, error })),
    ...stops.map(({ workspace, error }) => ({ name: `the user in ${workspace}`, error })),
  ]);
}

function leaverOf(subject: string, { to, user, tenant }: OffboardOptions): Leaver {
  const help = "dome operators offboard --help";
  if (to.toLowerCase() === subject) throw usage("--to must name another subject", help);
  if (user === undefined && tenant !== undefined) throw usage("--tenant goes with --user", help);
  if (user === undefined) return { subject, to, user: null };
  const [issuer, who, ...more] = user;
  if (issuer === undefined || who === undefined || more.length > 0)
    throw usage("--user takes ISSUER and SUBJECT", help);
  return { subject, to, user: { issuer, subject: who, ...defined({ tenant }) } };
}

const userWords = ({ user, tenant }: OffboardOptions): string =>
  `${user === undefined ? "" : ` --user ${user.map(shellWord).join(" ")}`}${tenant === undefined ? "" : ` --tenant ${shellWord(tenant)}`}`;
