/** The workspace of a command whose path needs one: the token's only workspace, otherwise `default`. */
import type { ControlPlane } from "../client/control-plane.ts";

export async function homeWorkspace(service: ControlPlane, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const { workspaces } = await service.whoami();
  const [only, ...others] = workspaces ?? [];
  return only !== undefined && others.length === 0 ? only : "default";
}
