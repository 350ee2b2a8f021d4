/** `dome agents register`: shows the record, the API key once, and warnings about the surface. */
import { Option, type Command } from "commander";
import type { AgentRegistration } from "../../../client/agents.ts";
import type { AgentCreated, AgentSettingName } from "../../../contract/agent.ts";
import { verb } from "../../command.ts";
import { reserveKeyFile, type KeyFile } from "../../key-file.ts";
import { collect, collectLabel, inWorkspace, pointInTime, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { withSecret, type SeenKey } from "../../unseen-key.ts";
import { forceOption, newKeyFileOption, tellKey } from "../keys/view.ts";
import { agentFields, tellWarnings } from "./view.ts";

interface RegisterOptions {
  readonly name: string;
  readonly workspace?: string;
  readonly owner?: string;
  readonly tier: string;
  readonly tool?: readonly string[];
  readonly pool?: readonly string[];
  readonly integration?: readonly string[];
  readonly requireActas?: string;
  readonly contact?: string;
  readonly description?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly parent?: string;
  readonly delegatesTo?: readonly string[];
  readonly expires?: string;
  readonly freshness?: "leased" | "always";
  readonly keyExpires?: string;
  readonly keyFile?: string;
  readonly force?: boolean;
}

export function registerCommand(session: Session): Command {
  const ahead = pointInTime(() => session.io.clock.now(), "ahead");
  return verb({
    name: "register",
    summary: "Register an agent and issue its first API key",
    description:
      "Register an agent and issue its first API key. Id, name, owner and workspace never change afterwards. " +
      "The agent is provisioned: Dome refuses its calls until you activate it. Dome shows the key only once.",
    examples: [
      "dome agents register --name support-triage --tier standard --tool zendesk --pool premium-reasoning --require-actas oidc",
      "dome agents register --name nightly-report --tool warehouse/query --key-file ./nightly-report.key",
    ],
  })
    .requiredOption("--name <name>", "its name; no other agent of the workspace may ever have the same")
    .addOption(workspaceOption())
    .option("--owner <owner>", "its owner (default: the subject of your token)")
    .option("--tier <tier>", "trust level", "standard")
    .option("--tool <tool>", "a tool it declares, or <tool>/<operation>; repeat for more", collect)
    .option("--pool <pool>", "a pool of models it declares; repeat for more", collect)
    .option("--integration <name>", "an integration it declares; repeat for more", collect)
    .option("--require-actas <provider>", "act only for a verified end user: oidc, or oidc:NAME")
    .option("--contact <contact>", "the person or team to contact about it")
    .option("--description <text>", "what it is for")
    .option("-l, --label <key=value>", "a label; repeat for more", collectLabel)
    .option("--parent <agent>", "name or id of its parent")
    .option("--delegates-to <agent>", "an agent that may act on its behalf; repeat for more", collect)
    .option("--expires <time>", "when Dome suspends it: a time, or a duration such as 90d", ahead)
    .addOption(
      new Option("--freshness <mode>", "always: no leases, ask on every call").choices(["leased", "always"]),
    )
    .option("--key-expires <time>", "when the first key expires: a time, or a duration such as 90d", ahead)
    .addOption(newKeyFileOption())
    .addOption(forceOption())
    .action((options: RegisterOptions) => register(session, options));
}

export async function register(session: Session, options: RegisterOptions): Promise<void> {
  const service = await session.controlPlane();
  const file =
    options.keyFile === undefined
      ? null
      : await reserveKeyFile(session.io, options.keyFile, options.force === true);
  let created: AgentCreated;
  let key: SeenKey;
  try {
    created = await service.agents.register(registrationOf(options));
    key = await withSecret(session, service, { agent: created.agent.id }, created.api_key);
  } catch (fault) {
    await file?.abandon();
    throw fault;
  }
  await file?.write(key.secret, key.id);
  show(session, created, key, file);
}

function registrationOf(options: RegisterOptions): AgentRegistration {
  const { name, workspace, owner } = options;
  return { name, workspace, owner, ...settingsOf(options), key_expires_at: options.keyExpires ?? null };
}

/** Maps each option to its setting. This does not compile when a setting is missing. */
function settingsOf(options: RegisterOptions): Required<Pick<AgentRegistration, AgentSettingName>> {
  return {
    tier: options.tier,
    surface: {
      tools: [...(options.tool ?? [])],
      pools: [...(options.pool ?? [])],
      integrations: [...(options.integration ?? [])],
    },
    require_actas: options.requireActas ?? null,
    contact: options.contact ?? null,
    description: options.description ?? null,
    labels: { ...options.label },
    parent: options.parent ?? null,
    delegates_to: [...(options.delegatesTo ?? [])],
    expires_at: options.expires ?? null,
    freshness: options.freshness ?? null,
  };
}

function show(session: Session, created: AgentCreated, key: SeenKey, file: KeyFile | null): void {
  const { output } = session;
  const { agent } = created;
  const secret = file === null ? key.secret : null;
  output.show({
    body: {
      ...created,
      api_key: { ...key, secret },
      secret_shown: secret === null,
    },
    ids: [agent.id],
    text: () =>
      `Registered ${agent.name} in workspace ${agent.workspace}.\n\n${agentFields(output.style, agent)}`,
  });
  tellKey(session, key, file);
  tellWarnings(output, created.warnings);
  const elsewhere = agent.workspace === "default" ? undefined : agent.workspace;
  output.next(`dome agents activate ${agent.name}${inWorkspace(elsewhere)}`);
}
