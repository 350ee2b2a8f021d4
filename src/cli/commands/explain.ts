/**
 * `dome explain`: shows a recorded decision. An operator sees it in full; the agent sees it without the command that
 * would change it.
 */
import { Option, type Command } from "commander";
import type { ControlPlane } from "../../client/control-plane.ts";
import type { Explanation } from "../../contract/check.ts";
import { isId } from "../../kernel/ids.ts";
import { verb, type Title } from "../command.ts";
import { whicheverWorkspace } from "../every-workspace.ts";
import { CommandFailure, EXIT, usage } from "../exit.ts";
import {
  agentKeyFileOption,
  allWorkspacesOption,
  collect,
  inWorkspace,
  jsonObject,
  workspaceOption,
} from "../option-values.ts";
import { afresh, type AfreshOptions } from "./explain-afresh.ts";
import { called, type Names } from "../names.ts";
import { changeText } from "../change-text.ts";
import { clean, fields, several, type Cell, type Output } from "../output.ts";
import { markedKind, saidIn } from "./audit/self-reported.ts";
import type { Session } from "../session.ts";

interface ExplainOptions {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
  readonly asAgent?: boolean;
  readonly keyFile?: string;
}

export const explainCommand = (session: Session, title: Title): Command =>
  verb({
    ...title,
    description:
      "Show a recorded decision: why, and what would change it. With --agent, show what would be decided now, step by step: nothing " +
      "is called, and nothing is released. A question about a person is recorded.",
    examples: [
      "dome explain dec_…",
      "dome explain dec_… -A",
      "dome explain dec_… --as-agent",
      `dome explain --agent support-triage --tool payments/refund --args '{"amount": 500}'`,
    ],
  })
    .argument("[decision]", "id of a decision")
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption().conflicts(["asAgent", "keyFile"]))
    .option("--as-agent", "ask with the agent's credential instead of yours")
    .addOption(agentKeyFileOption())
    .option("--agent <agent>", "decide afresh, for this agent")
    .option("--tool <tool>", "with --agent: the tool, or one operation of it")
    .option("--model <model>", "with --agent: the pool, or one model of it")
    .option("--integration <integration>", "with --agent: the integration")
    .addOption(new Option("--args <json>", "with --agent: the arguments of the call").argParser(jsonObject))
    .option("--as-user <text>", "with --agent: the e-mail address of the end user of the call")
    .option("--provider <provider>", "with --as-user: the identity provider that verifies the user")
    .option("--group <text>", "with --as-user: a group of the user; repeat for more", collect)
    .action((id: string | undefined, options: ExplainOptions & AfreshOptions) =>
      options.agent === undefined
        ? recorded(session, id, options)
        : afresh(session, id, options.agent, options),
    );

function recorded(session: Session, id: string | undefined, options: ExplainOptions): Promise<void> {
  if (id !== undefined) return explain(session, id, options);
  throw usage("Name a decision, or an agent and what it would do", "dome explain --agent AGENT --tool TOOL");
}

export async function explain(session: Session, id: string, options: ExplainOptions): Promise<void> {
  if (isId("evt", id))
    throw usage(
      `"${id}" is the id of a record, not of a decision (dec_…)`,
      `dome audit show ${id}${inWorkspace(options.workspace)}`,
    );
  if (!isId("dec", id)) throw usage(`"${id}" is not the id of a decision (dec_…)`);
  const asAgent = options.asAgent === true || options.keyFile !== undefined;
  const explanation = asAgent
    ? await (await session.agentDoor(options.keyFile)).explain(id)
    : await asOperator(await session.controlPlane(), id, options);
  const { output } = session;
  output.show({
    body: explanation,
    ids: [explanation.decision_id],
    text: () => explanationText(output, explanation),
  });
}

async function asOperator(
  service: ControlPlane,
  id: string,
  { workspace, allWorkspaces }: ExplainOptions,
): Promise<Explanation> {
  if (allWorkspaces !== true) return service.explain(id, workspace);
  const found = await whicheverWorkspace(service, (name) => service.explain(id, name));
  if (found !== null) return found;
  const missing = `no workspace that you may see has recorded the decision ${id}`;
  throw new CommandFailure(EXIT.failed, missing, "dome audit list --kind decision -A");
}

const named = (names: Names, id: string): string =>
  Object.hasOwn(names, id) ? `${called(names, id)} (${id})` : id;

/** What became of a call that was let through. */
function outcomeFields({ outcome }: Explanation): readonly (readonly [string, Cell])[] {
  if (outcome === null) return [["outcome", null]];
  const { reason, who, latency_ms, status, sent, received, record } = outcome;
  const why = [reason ?? [], who === null ? [] : `by ${who}`].flat().join(", ");
  const bytes = (count: number | null): string | null => (count === null ? null : `${count} bytes`);
  return [
    ["outcome", why === "" ? outcome.outcome : `${outcome.outcome} (${why})`],
    ["status", status],
    ["latency", latency_ms === null ? null : `${latency_ms} ms`],
    ["sent", bytes(sent)],
    ["received", bytes(received)],
    ["its record", record],
  ];
}

function explanationText(output: Output, explanation: Explanation): string {
  const { style } = output;
  const verdict = explanation.decision === "allow" ? style.good("allow") : style.bad("deny");
  const { change, names, reported, user } = explanation;
  const chain = explanation.chain.map(({ agent, key, epoch }) => {
    const name = called(names, agent);
    return epoch === undefined ? `${name} (${key})` : `${name} (${key}, epoch ${epoch})`;
  });
  return [
    `${verdict}  ${clean(explanation.detail)}`,
    "",
    fields(style, [
      ["decision", explanation.decision_id],
      ["time", style.at(explanation.time)],
      ["reason", explanation.reason],
      ["layer", explanation.layer],
      ["action", explanation.action],
      ["resource", explanation.resource],
      ["agent", named(names, explanation.agent)],
      ["for", user === null ? "itself" : user.email === null ? user.id : `${user.email} (${user.id})`],
      ["chain", chain.join(" for ")],
      ["workspace", named(names, explanation.workspace_id)],
      ["policies", several(explanation.policies)],
      ["bundle", explanation.bundle_version],
      ["transaction", explanation.txn],
      ["request", explanation.request_id],
      ["released", explanation.released ? "yes" : "no: the caller was stopped first"],
      ["headers", several(Object.entries(explanation.headers).map(([name, value]) => `${name}: ${value}`))],
      ...outcomeFields(explanation),
      ["in the ledger", `seq ${explanation.seq}`],
    ]),
    ...reported.map(
      ({ kind, time, agent, event }) =>
        `${style.clock(time)}  ${clean([markedKind({ kind }), called(names, agent), ...saidIn({ data: { event } })].join("  "))}`,
    ),
    ...changeText(output, change),
  ].join("\n");
}
