/** The common part of `issue` and `rotate`: a new key, which is shown once. */
import type { Command } from "commander";
import type { AgentRef } from "../../../client/agents.ts";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { KeyCreated } from "../../../contract/key.ts";
import { reserveKeyFile } from "../../key-file.ts";
import { pointInTime, workspaceOption } from "../../option-values.ts";
import { fields } from "../../output.ts";
import type { Session } from "../../session.ts";
import { withSecret, type SeenKey } from "../../unseen-key.ts";
import { forceOption, newKeyFileOption, tellKey } from "./view.ts";

export interface NewKeyOptions {
  readonly workspace?: string;
  readonly expires?: string;
  readonly keyFile?: string;
  readonly force?: boolean;
}

/** The key to replace and its overlap; empty when none is replaced. */
type Replacement = {
  readonly replaces?: string;
  readonly overlap_seconds?: number;
};

export const withNewKeyOptions = (session: Session, command: Command): Command =>
  command
    .addOption(workspaceOption())
    .option(
      "--expires <time>",
      "when the new key expires: a time, or a duration such as 90d",
      pointInTime(() => session.io.clock.now(), "ahead"),
    )
    .addOption(newKeyFileOption())
    .addOption(forceOption());

/** @param replacement called before anything is issued. */
export async function issue(
  session: Session,
  agent: string,
  options: NewKeyOptions,
  replacement: (service: ControlPlane, ref: AgentRef) => Promise<Replacement>,
): Promise<void> {
  const ref = { agent, workspace: options.workspace };
  const service = await session.controlPlane();
  const ending = await replacement(service, ref);
  const file =
    options.keyFile === undefined
      ? null
      : await reserveKeyFile(session.io, options.keyFile, options.force === true);
  let created: KeyCreated;
  let key: SeenKey;
  try {
    created = await service.keys.issue(ref, {
      expires_at: options.expires ?? null,
      ...ending,
    });
    key = await withSecret(session, service, ref, created.api_key);
  } catch (fault) {
    await file?.abandon();
    throw fault;
  }
  await file?.write(key.secret, key.id);
  const { output } = session;
  const secret = file === null ? key.secret : null;
  const { replaced } = created;
  output.show({
    body: {
      ...created,
      api_key: { ...key, secret },
      secret_shown: secret === null,
    },
    ids: [key.id],
    text: () =>
      fields(output.style, [
        ["key", key.id],
        ["expires", output.style.at(key.expires_at)],
        ...(replaced === null
          ? []
          : [["replaced", `${replaced.id}, which ends at ${output.style.at(replaced.ends_at)}`] as const]),
      ]),
  });
  tellKey(session, key, file);
}
