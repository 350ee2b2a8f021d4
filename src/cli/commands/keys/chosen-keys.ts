/**
 * The keys that are to be rotated, chosen by what they are: old, ending soon. Listed first, and asked about. A key that has been
 * replaced already, and goes on for its overlap, is not among them: it would be replaced twice.
 */
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { ListedApiKey } from "../../../contract/key.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { confirm } from "../../confirm.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import { inParallel } from "../../in-parallel.ts";
import { inWorkspace, searched, withLabels } from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { keyFilterOf, type KeyAges } from "./key-ages.ts";
import { stayingKeys } from "./live-key.ts";
import { listedKeyTable } from "./view.ts";

interface KeySelection extends KeyAges {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
  readonly label?: string[];
  readonly steward?: string;
  readonly owner?: string;
  readonly yes?: boolean;
}

/**
 * @param order the options that say how they are rotated, as they are typed, each with a space before it.
 * @throws CommandFailure when no key is meant, or somebody has not agreed; nothing was rotated then.
 */
export async function chooseKeys(
  session: Session,
  service: ControlPlane,
  selection: KeySelection,
  order: string,
): Promise<readonly ListedApiKey[]> {
  const { workspace, allWorkspaces, label, steward, owner } = selection;
  const { items } = await service.keys
    .ofAgents({
      workspace,
      all_workspaces: allWorkspaces,
      label,
      steward,
      owner,
      live: true,
      ...keyFilterOf(selection),
    })
    .take();
  const staying = await stayingAmong(session, service, items);
  const keys = items.filter(({ id }) => staying.has(id));
  if (keys.length === 0) throw none(selection);
  const { output } = session;
  output.note(`${listedKeyTable(output.style, keys)}\n`);
  const count = keys.length;
  await confirm(session, selection.yes, {
    answer: String(count),
    question: `Rotate these ${count} keys? Type ${count} to go on: `,
    because: `${count} keys would be rotated`,
    otherwise: "the number is another one; nothing was rotated",
    next: `dome keys rotate${choiceOf(selection)}${order} --yes`,
  });
  return keys;
}

/** The ids of those that nothing younger replaces, as their agents have them. */
async function stayingAmong(
  session: Session,
  service: ControlPlane,
  keys: readonly ListedApiKey[],
): Promise<ReadonlySet<string>> {
  const now = session.io.clock.now();
  const known = await inParallel([...new Set(keys.map(({ agent }) => agent))], async (agent) =>
    stayingKeys((await service.keys.list({ agent }).take()).items, now),
  );
  return new Set(known.flat().map(({ id }) => id));
}

const none = (selection: KeySelection): CommandFailure =>
  new CommandFailure(
    EXIT.failed,
    `no live key that is not being replaced already matches${clean(choiceOf(selection))}; nothing was rotated. ` +
      searched(selection.workspace, selection.allWorkspaces === true),
    `dome keys list${choiceOf(selection)} --live`,
  );

const choiceOf = (selection: KeySelection): string =>
  [
    withLabels(selection.label),
    ...[
      ["steward", selection.steward],
      ["owner", selection.owner],
      ["older-than", selection.olderThan],
      ["expires-before", selection.expiresBefore],
    ].map(([name, value]) => (value === undefined ? "" : ` --${name} ${shellWord(value)}`)),
    selection.allWorkspaces === true ? " -A" : inWorkspace(selection.workspace),
  ].join("");
