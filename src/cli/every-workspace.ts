/** Asks every workspace that the token may see, for data that each workspace keeps separately. */
import type { ControlPlane } from "../client/control-plane.ts";
import { ApiError } from "../../sdk/typescript/src/errors.ts";
import type { Taken } from "../client/listing.ts";
import { inParallel } from "./in-parallel.ts";

/**
 * @param ask asks one workspace, by name.
 * @param among the names of the workspaces to ask; default: all that the token sees.
 * @returns the answers of all workspaces. A filter value that is unknown in some workspaces is ignored there; when it
 * is unknown in all, the first refusal is thrown.
 */
export async function everyWorkspace<T>(
  service: ControlPlane,
  ask: (workspace: string) => Promise<Taken<T>>,
  among?: readonly string[],
): Promise<readonly (Taken<T> & { readonly workspace: string })[]> {
  const workspaces = among ?? (await workspaceNames(service));
  let refusal: ApiError | undefined;
  const answers = await inParallel(workspaces, async (name) => {
    try {
      return { workspace: name, ...(await ask(name)) };
    } catch (fault) {
      if (!(fault instanceof ApiError) || fault.code !== "unknown_reference") throw fault;
      refusal ??= fault;
      return null;
    }
  });
  const answered = answers.filter((answer) => answer !== null);
  if (answered.length === 0 && refusal !== undefined) throw refusal;
  return answered;
}

/** The names of the workspaces that the token sees, sorted. */
export async function workspaceNames(service: ControlPlane): Promise<readonly string[]> {
  const { items } = await service.workspaces.list().take();
  return items.map(({ name }) => name);
}

/**
 * As `everyWorkspace`, for a thing that exists in at most one workspace.
 * @param ask asks one workspace, by name.
 * @returns its answer; null when no workspace has it.
 */
export async function whicheverWorkspace<T>(
  service: ControlPlane,
  ask: (workspace: string) => Promise<T>,
): Promise<T | null> {
  const answers = await inParallel(await workspaceNames(service), async (name) => {
    try {
      return await ask(name);
    } catch (fault) {
      if (fault instanceof ApiError && fault.code === "not_found") return null;
      throw fault;
    }
  });
  return answers.find((answer) => answer !== null) ?? null;
}
