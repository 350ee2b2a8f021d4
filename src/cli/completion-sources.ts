/**
 * The table of what arguments and options name, and of the source of their completions. No source reads the ledger,
 * because each reading is recorded, and pressing a key is not a deliberate reading.
 */
import type { Argument, Command, Option } from "commander";
import type { ControlPlane } from "../client/control-plane.ts";
import type { Listing } from "../client/listing.ts";

/** The input of a source. */
export interface Asked {
  /** The service, with a short time limit. */
  readonly service: () => Promise<ControlPlane>;
  /** The names of saved contexts. */
  readonly contexts: () => Promise<readonly string[]>;
  readonly workspace: string | undefined;
  /** The arguments before this one. */
  readonly positional: readonly string[];
  /** The typed beginning of the name. */
  readonly typed: string;
}

type Source = (asked: Asked) => Promise<readonly string[]>;

/** The words for the items on the first page of a list. */
async function listed<T>(
  list: Pick<Listing<T>, "page">,
  words: (thing: T) => string | string[],
): Promise<string[]> {
  return (await list.page()).items.flatMap(words);
}
const nameOf = ({ name }: { readonly name: string }): string => name;
const idOf = ({ id }: { readonly id: string }): string => id;

const agents: Source = async ({ service, workspace, typed }) => {
  const search = /^[a-z0-9-]+$/.test(typed) ? typed : undefined;
  return listed((await service()).agents.list({ workspace, search }), nameOf);
};
const workspaces: Source = async ({ service }) => listed((await service()).workspaces.list(), nameOf);
const catalog =
  (noun: "tools" | "pools" | "integrations"): Source =>
  async ({ service, workspace }) =>
    listed((await service())[noun].list({ workspace }), nameOf);
const tiers: Source = async ({ service }) => listed((await service()).tiers.list(), nameOf);
const providers: Source = async ({ service, workspace }) =>
  listed((await service()).identityProviders.list({ workspace }), nameOf);
const issuers: Source = async ({ service, workspace }) =>
  listed((await service()).identityProviders.list({ workspace }), ({ issuer }) => issuer);
const operatorTokens: Source = async ({ service }) => listed((await service()).operators.list(), idOf);
const subjects: Source = async ({ service }) =>
  listed((await service()).operators.list(), ({ subject }) => subject);
/** Stewards and owners of agents, and subjects of operator tokens if the operator may list them. */
const people: Source = async (asked) => {
  const agentsThere = (await asked.service()).agents.list({ workspace: asked.workspace });
  const found = await Promise.allSettled([
    subjects(asked),
    listed(agentsThere, ({ owner, steward }) => [owner, steward]),
  ]);
  return found.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
};
/** Keys of the agent in an earlier argument, otherwise of all agents. */
const keys: Source = async ({ service, workspace, positional: [agent] }) => {
  const plane = await service();
  return agent === undefined
    ? listed(plane.keys.ofAgents({ workspace }), idOf)
    : listed(plane.keys.list({ agent, workspace }), idOf);
};
const haltsOfAgent: Source = async ({ service, workspace, positional: [agent = ""] }) =>
  listed((await service()).agents.halts({ agent, workspace }), idOf);
const haltsOfWorkspace: Source = async ({ service, positional: [workspace = ""] }) =>
  listed((await service()).workspaces.halts(workspace), idOf);
const operations: Source = async ({ service, workspace, positional: [tool = ""] }) =>
  (await (await service()).tools.show(tool, workspace)).operations ?? [];
const secretsOfTool: Source = async ({ service, workspace, positional: [tool = ""] }) =>
  listed((await service()).toolSecrets.list(tool, workspace), idOf);
const labels: Source = async ({ service, workspace }) =>
  listed((await service()).agents.list({ workspace }), (agent) =>
    Object.entries(agent.labels).map(([key, value]) => `${key}=${value}`),
  );
const labelKeys: Source = async (asked) =>
  (await labels(asked)).map((label) => label.slice(0, label.indexOf("=")));
const signingKeys: Source = async ({ service }) =>
  listed((await service()).signingKeys.list(), ({ kid }) => kid);
const contexts: Source = (asked) => asked.contexts();
const kinds: Source = async () => Object.keys((await import("../contract/audit-kinds.ts")).AUDIT_KINDS);
const reasons: Source = async () => Object.keys((await import("../contract/reasons.ts")).REASONS);

/** Sources by placeholder. Null for a thing that cannot be listed, or that only the ledger knows. */
const BY_PLACEHOLDER: Readonly<Record<string, Source | null>> = {
  agent: agents,
  agents,
  workspace: workspaces,
  tool: catalog("tools"),
  pool: catalog("pools"),
  integration: catalog("integrations"),
  provider: providers,
  tier: tiers,
  token: operatorTokens,
  subject: subjects,
  owner: people,
  steward: people,
  key: keys,
  halt: haltsOfAgent,
  secret: secretsOfTool,
  context: contexts,
  issuer: issuers,
  kid: signingKeys,
  operation: operations,
  "key=value": labels,
  kind: kinds,
  code: reasons,
  // Known only to the ledger, or to the command line itself.
  decision: null,
  record: null,
  txn: null,
  who: null,
  id: null,
  seq: null,
  cursor: null,
  version: null,
  model: null,
  command: null,
  words: null,
  // Text, numbers, times, files, and names from other programs.
  ...Object.fromEntries(
    (
      "n text time url hash file files file|url path folder json seconds contact resource scope what value audience=agent client address user " +
      "claim tid operation=file member mode state order role format shell name action type use how variable header pointer pattern"
    )
      .split(" ")
      .map((word) => [word, null]),
  ),
};

/** Sources by command and option, where the placeholder is not enough. */
const BY_PLACE: Readonly<Record<string, Source | null>> = {
  "--workspace": workspaces,
  "--integration": catalog("integrations"),
  "--add-integration": catalog("integrations"),
  "--remove-integration": catalog("integrations"),
  "--context": contexts,
  "--remove-label": labelKeys,
  "workspaces create name": null,
  "workspaces halts halt": haltsOfWorkspace,
  "context use name": contexts,
  "context remove name": contexts,
  "users show user": issuers,
  "users show subject": null,
  "users stop subject": null,
  "users resume subject": null,
  "tools add name": null,
  "pools add name": null,
  "integrations add name": null,
  "idp add name": null,
  "tiers add name": null,
  "tools secrets name": catalog("tools"),
  "tools add-secret name": catalog("tools"),
  "tools remove-secret name": catalog("tools"),
  "operators offboard --user": issuers,
  "audit list --user": issuers,
  "audit tail --user": issuers,
  ...Object.fromEntries(
    ["show", "update", "remove", "test"].flatMap((verb) => [
      [`tools ${verb} name`, catalog("tools")],
      [`pools ${verb} name`, catalog("pools")],
      [`integrations ${verb} name`, catalog("integrations")],
      [`idp ${verb} name`, providers],
      [`tiers ${verb} name`, tiers],
    ]),
  ),
};

/** The word between the brackets of an argument or option. */
export const placeholderOf = (slot: Argument | Option): string =>
  "flags" in slot ? (/[<[]([^\]>. ]+)/.exec(slot.flags)?.[1] ?? "") : slot.name();

/** @returns null when there is nothing to offer; undefined for a placeholder that the table lacks. */
export function sourceOf(command: Command, slot: Argument | Option): Source | null | undefined {
  const own = "flags" in slot ? (slot.long ?? slot.flags) : slot.name();
  const place = `${wordsOf(command)} ${own}`;
  const found = [place, own].find((each) => Object.hasOwn(BY_PLACE, each));
  if (found !== undefined) return BY_PLACE[found];
  const word = placeholderOf(slot);
  return Object.hasOwn(BY_PLACEHOLDER, word) ? BY_PLACEHOLDER[word] : undefined;
}

const wordsOf = (command: Command): string =>
  command.parent === null ? "" : `${wordsOf(command.parent)} ${command.name()}`.trim();
