/**
 * Rotates the keys of several agents, and writes each new key to a file of its own. A failure does not stop the others.
 */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Agent } from "../../../contract/agent.ts";
import type { ListedApiKey } from "../../../contract/key.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { attempt, ofAgent, tellFailed, type Attempt } from "../../attempt.ts";
import { CommandFailure, usage } from "../../exit.ts";
import { inParallel } from "../../in-parallel.ts";
import { reserveKeyFile } from "../../key-file.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import { withSecret } from "../../unseen-key.ts";
import { chooseAgents, type Deed, type Selection } from "../agents/selection.ts";
import { chooseKeys } from "./chosen-keys.ts";
import type { KeyChoice } from "./key-ages.ts";
import { onlyLiveKey } from "./live-key.ts";
import type { NewKeyOptions } from "./new-key.ts";

export interface RotateOptions extends NewKeyOptions, KeyChoice, Pick<Selection, "dryRun" | "yes"> {
  /** The overlap, in milliseconds. */
  readonly overlap?: number;
  readonly keyDir?: string;
}

interface Rotated {
  readonly key: string | null;
  readonly replaced: string;
  /** Null in a dry run that was not told where the keys go. */
  readonly file: string | null;
}

const DEED: Deed = {
  command: "keys rotate",
  verb: "Rotate the keys of",
  done: "rotated",
  concerns: ({ state }) => state !== "revoked",
};

export const overlapSeconds = ({ overlap = 0 }: RotateOptions): number => Math.round(overlap / 1000);

export async function rotateMany(session: Session, options: RotateOptions): Promise<void> {
  const { keyDir, keyFile, dryRun } = options;
  if (keyFile !== undefined) throw usage("one file cannot hold several keys: use --key-dir FOLDER");
  if (keyDir === undefined && dryRun !== true)
    throw usage(
      "--key-dir FOLDER is missing: it says where to write the new keys",
      "dome keys rotate --help",
    );
  const service = await session.controlPlane();
  // A dry run shows the keys, not only their agents.
  const asked = { ...options, dryRun: false, yes: options.yes === true || dryRun === true };
  const chosen: readonly Chosen[] = isByKey(options)
    ? keysOf(await chooseKeys(session, service, asked, orderOf(options)))
    : ((await chooseAgents(session, service, [], asked, { ...DEED, options: orderOf(options) })) ?? []).map(
        (agent) => ({ agent, keys: null }),
      );
  const outcomes = await inParallel(chosen, async ({ agent, keys }) => ({
    agent,
    ...(await told(rotate(session, service, agent, keys, options))),
  }));
  const { output } = session;
  output.show({
    body: outcomes.map(({ agent, done, error }) => ({ agent: agent.id, name: agent.name, ...done, error })),
    ids: outcomes.flatMap(({ done }) => done?.key ?? done?.replaced ?? []),
    text: () =>
      table(
        output.style,
        ["NAME", "KEY", "REPLACES", "FILE"],
        outcomes.map(({ agent, done }) => [
          agent.name,
          done === null ? "failed" : (done.key ?? "a new one"),
          done?.replaced ?? null,
          done?.file ?? null,
        ]),
      ),
  });
  tellFailed(session, outcomes.map(ofAgent));
  if (dryRun === true) output.note("Nothing was rotated: this was a dry run.");
}

/** The options of the rotation, for a command to type next. */
export const orderOf = (options: RotateOptions): string =>
  [
    options.overlap === undefined ? "" : ` --overlap ${overlapSeconds(options)}s`,
    options.expires === undefined ? "" : ` --expires ${options.expires}`,
    options.keyDir === undefined ? "" : ` --key-dir ${shellWord(options.keyDir)}`,
    options.keyFile === undefined ? "" : ` --key-file ${shellWord(options.keyFile)}`,
    options.force === true ? " --force" : "",
  ].join("");

/** True when the options select keys instead of agents: by age, by expiry, or in all workspaces. */
export const isByKey = ({ olderThan, expiresBefore, allWorkspaces }: RotateOptions): boolean =>
  olderThan !== undefined || expiresBefore !== undefined || allWorkspaces === true;

type Whose = Pick<Agent, "id" | "name" | "workspace">;

interface Chosen {
  readonly agent: Whose;
  /** Null for the only live key. */
  readonly keys: readonly string[] | null;
}

/** Groups the keys by agent. An agent has one key file, so only one of its keys can be rotated at a time. */
function keysOf(keys: readonly ListedApiKey[]): Chosen[] {
  const agents = new Map<string, { agent: Whose; keys: string[] }>();
  for (const { id, agent, agent_name: name, workspace } of keys) {
    const known = agents.get(agent) ?? { agent: { id: agent, name, workspace }, keys: [] };
    known.keys.push(id);
    agents.set(agent, known);
  }
  return [...agents.values()];
}

/** @param keys the selected keys; null for the only live one. */
async function rotate(
  session: Session,
  service: ControlPlane,
  agent: Whose,
  keys: readonly string[] | null,
  options: RotateOptions,
): Promise<Rotated> {
  const ref = { agent: agent.id };
  const [chosen, ...others] = keys ?? [];
  if (others.length > 0)
    throw usage(`${keys?.length} keys of this agent match (${keys?.join(", ")}); rotate each one by its id`);
  const replaces = chosen ?? (await onlyLiveKey(session, service, ref, orderOf(options)));
  const path = keyPath(agent, options);
  if (options.dryRun === true) return { key: null, replaced: replaces, file: path };
  if (path === null) throw new Error("only a dry run may have no --key-dir");
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await reserveKeyFile(session.io, path, options.force === true);
  try {
    const { api_key: issued } = await service.keys.issue(ref, {
      replaces,
      overlap_seconds: overlapSeconds(options),
      expires_at: options.expires ?? null,
    });
    const key = await withSecret(session, service, ref, issued);
    await file.write(key.secret, key.id);
    return { key: key.id, replaced: replaces, file: path };
  } catch (fault) {
    await file.abandon();
    throw fault;
  }
}

/** The file of a new key. Names are unique only within a workspace, so with -A each workspace gets a folder. */
function keyPath({ name, workspace }: Whose, { keyDir, allWorkspaces }: RotateOptions): string | null {
  if (keyDir === undefined) return null;
  return join(keyDir, allWorkspaces === true ? workspace : "", `${name}.key`);
}

/** A failure of this program for one agent, such as an existing file, does not stop the others either. */
async function told(rotating: Promise<Rotated>): Promise<Attempt<Rotated>> {
  try {
    return await attempt(rotating);
  } catch (fault) {
    if (!(fault instanceof CommandFailure)) throw fault;
    return { done: null, error: { code: "command_failed", detail: fault.message } };
  }
}
