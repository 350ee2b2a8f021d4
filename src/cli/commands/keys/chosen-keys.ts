/**
 * Selects the keys to rotate, by age or expiry. They are listed first and need a confirmation. A key that has been
 * replaced and is in its overlap is left out, because it would be replaced twice.
 */
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { ListedApiKey } from "../../../contract/key.ts";
import { confirmCount } from "../../confirm.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import { inParallel } from "../../in-parallel.ts";
import { inWorkspaces, searched } from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { choiceOf } from "../agents/selection.ts";
import { keyFilterOf, type KeyChoice } from "./key-ages.ts";
import { stayingKeys } from "./live-key.ts";
import { listedKeyTable } from "./view.ts";

interface KeySelection extends KeyChoice {
  readonly yes?: boolean;
}

/**
 * @param order the options of the rotation as typed, each with a leading space.
 * @throws CommandFailure when no key matches, or the confirmation failed; then nothing was rotated.
 */
export async function chooseKeys(
  session: Session,
  service: ControlPlane,
  selection: KeySelection,
  order: string,
): Promise<readonly ListedApiKey[]> {
  const { items } = await service.keys.ofAgents(keyFilterOf({ ...selection, live: true })).take();
  const staying = await stayingAmong(session, service, items);
  const keys = items.filter(({ id }) => staying.has(id));
  if (keys.length === 0) throw none(selection);
  const { output } = session;
  output.note(`${listedKeyTable(output.style, keys)}\n`);
  const count = keys.length;
  await confirmCount(session, selection.yes, {
    count,
    things: "keys",
    question: `Rotate these ${count} keys?`,
    done: "rotated",
    next: `dome keys rotate${wordsOf(selection)}${order} --yes`,
  });
  return keys;
}

/** The ids of keys that no younger key replaces, according to the agents' objects. */
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
    `no live key matches${clean(wordsOf(selection))}, apart from keys that are already being replaced; nothing was rotated. ` +
      searched(selection.workspace, selection.allWorkspaces === true),
    `dome keys list${wordsOf(selection)} --live`,
  );

/** The options that selected the keys, for a command to type next. */
const wordsOf = (choice: KeyChoice): string =>
  [
    choiceOf(choice),
    choice.olderThan === undefined ? "" : ` --older-than ${choice.olderThan}`,
    choice.expiresBefore === undefined ? "" : ` --expires-before ${choice.expiresBefore}`,
    inWorkspaces(choice),
  ].join("");
