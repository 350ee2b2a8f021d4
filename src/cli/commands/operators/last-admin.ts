/**
 * The warning when the last token with the role `admin` ends. Nobody is locked out, because DOME_ADMIN_TOKEN remains,
 * but it is then the only token that may do everything.
 */
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { OperatorView } from "../../../contract/operator.ts";

export const LAST_ADMIN =
  "warning: no other live operator token has the role admin; only DOME_ADMIN_TOKEN may do everything then";

/**
 * @param ending the tokens that end.
 * @returns true when no other live token has the role `admin`.
 */
export async function isLastAdmin(
  service: Pick<ControlPlane, "operators">,
  ending: readonly Pick<OperatorView, "id" | "role">[],
): Promise<boolean> {
  if (ending.every(({ role }) => role !== "admin")) return false;
  const gone = new Set(ending.map(({ id }) => id));
  const { items } = await service.operators.list({ role: "admin" }).take();
  return items.every(({ id, state }) => state !== "live" || gone.has(id));
}
