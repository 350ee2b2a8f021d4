/**
 * Replaces a key whose answer was lost: the key exists, and nobody has it (P12). Another key replaces and revokes it,
 * until an answer arrives with its secret. Only for keys of this run, for which `secret_shown` can mean nothing else.
 */
import type { AgentRef } from "../client/agents.ts";
import type { ControlPlane } from "../client/control-plane.ts";
import type { KeyCreated } from "../contract/key.ts";
import { CommandFailure, EXIT } from "./exit.ts";
import { inWorkspace } from "./option-values.ts";
import type { Session } from "./session.ts";

export interface SeenKey {
  readonly id: string;
  readonly secret: string;
  readonly expires_at: string | null;
}

const ATTEMPTS = 3;

/**
 * @param issued the key in the answer, perhaps without its secret.
 * @returns the key with its secret: the same one, or the one that replaced it.
 */
export async function withSecret(
  session: Session,
  service: ControlPlane,
  ref: AgentRef,
  issued: KeyCreated["api_key"],
): Promise<SeenKey> {
  let key = issued;
  for (let attempt = 0; key.secret === null && attempt < ATTEMPTS; attempt += 1) {
    const unseen = key.id;
    const created = await service.keys.issue(ref, {
      replaces: unseen,
      expires_at: key.expires_at,
    });
    key = created.api_key;
    session.output.warn(
      `The answer with the key ${unseen} was lost. Nobody has seen that key; Dome has revoked it and replaced it by ${key.id}.`,
    );
  }
  if (key.secret === null) {
    throw new CommandFailure(
      EXIT.failed,
      `the key ${key.id} was issued, but every answer with it was lost`,
      `dome keys rotate ${ref.agent} ${key.id}${inWorkspace(ref.workspace)}`,
    );
  }
  return { id: key.id, secret: key.secret, expires_at: key.expires_at };
}
