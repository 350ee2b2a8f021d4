/** Finds the key to replace when none is named: the one live key that is not being replaced already. */
import type { AgentRef } from "../../../client/agents.ts";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { ApiKey } from "../../../contract/key.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { inWorkspace, LONGEST_OVERLAP_MS } from "../../option-values.ts";
import type { Session } from "../../session.ts";

/**
 * @param order the options of the rotation as typed, each with a leading space.
 * @throws CommandFailure when there is no such key, or more than one.
 */
export async function onlyLiveKey(
  session: Session,
  service: ControlPlane,
  ref: AgentRef,
  order: string,
): Promise<string> {
  const { items } = await service.keys.list(ref).take();
  const staying = stayingKeys(items, session.io.clock.now());
  const [only] = staying;
  const where = inWorkspace(ref.workspace);
  if (only === undefined)
    throw new CommandFailure(
      EXIT.failed,
      "there is no live key to replace",
      `dome keys issue ${ref.agent}${where}`,
    );
  if (staying.length > 1)
    throw usage(
      `there are ${staying.length} live keys (${staying.map((key) => key.id).join(", ")}): name one`,
      `dome keys rotate ${ref.agent} ${only.id}${where}${order}`,
    );
  return only.id;
}

/**
 * The live keys that are not being replaced already.
 * @param now milliseconds since the epoch.
 */
export function stayingKeys(keys: readonly ApiKey[], now: number): readonly ApiKey[] {
  const live = keys.filter((key) => key.state === "live");
  return live.filter((key) => !isEnding(key, live, now));
}

/** A key counts as replaced when it ends within the longest overlap and a younger key is valid for longer. */
function isEnding(key: ApiKey, live: readonly ApiKey[], now: number): boolean {
  const end = endOf(key);
  return (
    end - now <= LONGEST_OVERLAP_MS &&
    live.some((other) => other.created_at > key.created_at && endOf(other) > end)
  );
}

const endOf = ({ expires_at: end }: ApiKey): number =>
  end === null ? Number.POSITIVE_INFINITY : Date.parse(end);
