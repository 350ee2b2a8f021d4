/** The keys of several agents rotated, each new one into a file of its own. One that fails does not keep the others from it. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Agent } from "../../../contract/agent.ts";
import { attempt, tellFailed, type Attempt } from "../../attempt.ts";
import { CommandFailure, usage } from "../../exit.ts";
import { inParallel } from "../../in-parallel.ts";
import { reserveKeyFile } from "../../key-file.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import { withSecret } from "../../unseen-key.ts";
import { chooseAgents, type Deed, type Selection } from "../agents/selection.ts";
import { onlyLiveKey } from "./live-key.ts";
import type { NewKeyOptions } from "./new-key.ts";

export interface RotateOptions extends NewKeyOptions, Omit<Selection, "workspace"> {
  /** In milliseconds. */
  readonly overlap?: number;
  readonly keyDir?: string;
}

interface Rotated {
  readonly key: string | null;
  readonly replaced: string;
  readonly file: string;
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
  if (keyFile !== undefined) throw usage("several keys do not go into one file: use --key-dir FOLDER");
  if (keyDir === undefined)
    throw usage("say where the new keys go: --key-dir FOLDER", "dome keys rotate --help");
  const service = await session.controlPlane();
  // A dry run shows the keys, and not only whose they are.
  const asked = { ...options, dryRun: false, yes: options.yes === true || dryRun === true };
  const agents = await chooseAgents(session, service, [], asked, DEED);
  if (agents === null) return;
  if (dryRun !== true) await mkdir(keyDir, { recursive: true, mode: 0o700 });
  const outcomes = await inParallel(agents, async (agent) => ({
    agent,
    ...(await told(rotate(session, service, agent, { ...options, keyDir }))),
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
  tellFailed(session, outcomes);
  if (dryRun === true) output.note("Nothing was rotated: this was a dry run.");
}

async function rotate(
  session: Session,
  service: ControlPlane,
  agent: Agent,
  options: RotateOptions & { readonly keyDir: string },
): Promise<Rotated> {
  const ref = { agent: agent.id };
  const replaces = await onlyLiveKey(session, service, ref);
  const path = join(options.keyDir, `${agent.name}.key`);
  if (options.dryRun === true) return { key: null, replaced: replaces, file: path };
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

/** What this program refuses for one agent, a file that is there for instance, is as little a reason to leave the others. */
async function told(rotating: Promise<Rotated>): Promise<Attempt<Rotated>> {
  try {
    return await attempt(rotating);
  } catch (fault) {
    if (!(fault instanceof CommandFailure)) throw fault;
    return { done: null, error: { code: "command_failed", detail: fault.message } };
  }
}
