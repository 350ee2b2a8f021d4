/** `dome check`: asks, as the agent, whether it may perform an operation now. A denial is exit code 3. */
import { Option, type Command } from "commander";
import type { CheckRequest, Decision } from "../../contract/check.ts";
import { verb, type Title } from "../command.ts";
import { EXIT, usage } from "../exit.ts";
import { agentKeyFileOption, jsonObject } from "../option-values.ts";
import { changeText } from "../change-text.ts";
import { clean, fields, type Output } from "../output.ts";
import type { Session } from "../session.ts";
import { oneStdin, readTokenFile } from "../token-file.ts";

interface CheckOptions {
  readonly tool?: string;
  readonly model?: string;
  readonly integration?: string;
  readonly action?: CheckRequest["action"];
  readonly resource?: string;
  readonly args?: Record<string, unknown>;
  readonly actAs?: string;
  readonly keyFile?: string;
}

const KINDS = ["tool", "model", "integration"] as const;
const ACTIONS = ["tool:use", "llm:chat", "llm:embed", "integration:use"];

export const checkCommand = (session: Session, title: Title): Command =>
  verb({
    ...title,
    description:
      "Ask, as an agent, whether it may use a tool, model or integration now. The agent's credential is read from " +
      "DOME_AGENT_KEY or --key-file. Exit code 0: allowed; 3: denied.",
    examples: [
      "dome check zendesk/create_ticket",
      `dome check zendesk/create_ticket --args '{"priority":"high"}' --key-file ./support-triage.key`,
      "dome check model premium-reasoning",
      "dome check --integration salesforce",
      "dome check zendesk/create_ticket --act-as ./user.jwt",
    ],
  })
    .argument("[what...]", "<tool>/<operation>; or tool, model or integration, and its name")
    .option("--tool <tool>", "<tool> or <tool>/<operation>")
    .option("--model <model>", "<pool> or <pool>/<model>")
    .option("--integration <name>", "an integration")
    .addOption(new Option("--action <action>", "with --resource: the action itself").choices(ACTIONS))
    .option("--resource <resource>", "with --action: what it acts on")
    .option("--args <json>", "the arguments of the call, a JSON object", jsonObject)
    .option("--act-as <file>", "for the user whose ID token is in this file; - for stdin")
    .addOption(agentKeyFileOption())
    .action((what: readonly string[], options: CheckOptions) => check(session, what, options));

export async function check(session: Session, what: readonly string[], options: CheckOptions): Promise<void> {
  const question = {
    ...subjectOf(what, options),
    arguments: options.args,
  };
  oneStdin({ "--act-as": options.actAs, "--key-file": options.keyFile });
  const actAs =
    options.actAs === undefined ? undefined : await readTokenFile(session.io, options.actAs, "--act-as");
  const door = await session.agentDoor(options.keyFile);
  const decision = await door.check(question, actAs);
  const { output } = session;
  output.show({
    body: decision,
    ids: [decision.decision_id],
    text: () => decisionText(output, decision),
  });
  if (decision.decision === "allow") return;
  output.next(`dome explain ${decision.decision_id}`);
  session.end(EXIT.denied);
}

/** The one subject of the question, from the arguments or the options. */
function subjectOf(what: readonly string[], options: CheckOptions): CheckRequest {
  const { tool, model, integration, action, resource } = options;
  const asked: CheckRequest[] = [];
  if (what.length > 0) asked.push(subjectOfWords(what));
  if (tool !== undefined) asked.push({ tool });
  if (model !== undefined) asked.push({ model });
  if (integration !== undefined) asked.push({ integration });
  if (action !== undefined || resource !== undefined) {
    if (action === undefined || resource === undefined) throw usage("--action and --resource go together");
    asked.push({ action, resource });
  }
  const [only] = asked;
  if (only === undefined) throw usage("nothing to ask about", "dome check TOOL/OPERATION");
  if (asked.length > 1) throw usage("ask about one thing at a time");
  return only;
}

function subjectOfWords(what: readonly string[]): CheckRequest {
  const [first = "", second, ...more] = what;
  if (second === undefined) return { tool: first };
  const kind = KINDS.find((each) => each === first);
  if (kind === undefined || more.length > 0)
    throw usage("ask about one thing: [tool|model|integration] NAME");
  return { [kind]: second };
}

function decisionText(output: Output, decision: Decision): string {
  const { style } = output;
  const allowed = decision.decision === "allow";
  const verdict = allowed ? style.good("allow") : style.bad("deny");
  const { change } = decision;
  return [
    `${verdict}  ${clean(decision.detail)}`,
    "",
    fields(style, [
      ["reason", decision.reason],
      ["layer", decision.layer],
      ["decision", decision.decision_id],
      ["transaction", decision.txn],
    ]),
    ...changeText(output, change),
  ].join("\n");
}
