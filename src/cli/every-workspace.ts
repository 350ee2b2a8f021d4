/** Asks every workspace that the token may see, for data that each workspace keeps separately. */
import type { ControlPlane } from "../client/control-plane.ts";
import { ApiError } from "../../sdk/typescript/src/errors.ts";
import type { Taken } from "../client/listing.ts";
import { defined } from "../kernel/defined.ts";
import { inParallel } from "./in-parallel.ts";

/**
 * @param ask asks one workspace, by name.
 * @param among the names of the workspaces to ask; default: all that the token sees.
 * @returns the answers of all workspaces. A filter value that is unknown in some workspaces is ignored there.
 * @throws ApiError when it is unknown in all of them.
 */
export async function everyWorkspace<T>(
  service: ControlPlane,
  ask: (workspace: string) => Promise<Taken<T>>,
  among?: readonly string[],
): Promise<readonly (Taken<T> & { readonly workspace: string })[]> {
  const workspaces = among ?? (await workspaceNames(service));
  const refusals: Refused[] = [];
  const answers = await inParallel(workspaces, async (name) => {
    try {
      return { workspace: name, ...(await ask(name)) };
    } catch (fault) {
      if (!(fault instanceof ApiError) || fault.code !== "unknown_reference") throw fault;
      refusals.push({ workspace: name, refusal: fault });
      return null;
    }
  });
  const answered = answers.filter((answer) => answer !== null);
  const [first] = refusals;
  if (answered.length === 0 && first !== undefined) throw refusalOfAll(first, refusals);
  return answered;
}

interface Refused {
  readonly workspace: string;
  readonly refusal: ApiError;
}

/** One refusal for all workspaces, when they differ in the name of the workspace only; otherwise the first. */
function refusalOfAll(first: Refused, all: readonly Refused[]): ApiError {
  const inAny = unknownEverywhere(first);
  const isOne = all.length > 1 && all.every((each) => unknownEverywhere(each).message === inAny.message);
  return isOne ? inAny : first.refusal;
}

/** The refusal of one workspace, in words for all. */
function unknownEverywhere({ workspace, refusal }: Refused): ApiError {
  const { code, status, requestId, problem, domeError, retryAfterMs } = refusal;
  const reworded = (text: string): string =>
    text.replace(`in workspace ${workspace}`, "in any workspace that you may see");
  const errors = problem?.errors?.map(({ member, detail }) => ({ member, detail: reworded(detail) }));
  const detail = reworded(refusal.message);
  return new ApiError({
    code,
    detail,
    status,
    requestId,
    problem: problem === null ? null : { ...problem, detail, ...defined({ errors }) },
    domeError,
    retryAfterMs,
  });
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
