/** Runs one of many requests, so that its failure does not stop the others. */
import { DomeError } from "../../sdk/typescript/src/errors.ts";
import { EXIT } from "./exit.ts";
import { clean } from "./output.ts";
import type { Session } from "./session.ts";

export interface Failed {
  readonly code: string;
  readonly detail: string;
}

/** Exactly one of the two members is null. */
export type Attempt<T> =
  { readonly done: T; readonly error: null } | { readonly done: null; readonly error: Failed };

/** @throws every error except an answer of the service, and a failure to reach it. */
export async function attempt<T>(request: Promise<T>): Promise<Attempt<T>> {
  try {
    return { done: await request, error: null };
  } catch (fault) {
    if (!(fault instanceof DomeError)) throw fault;
    return { done: null, error: { code: fault.code, detail: fault.message } };
  }
}

interface Outcome {
  readonly name: string;
  readonly error: Failed | null;
}

/** The outcome for an agent, under its name. */
export const ofAgent = ({
  agent,
  error,
}: Pick<Outcome, "error"> & { readonly agent: { readonly name: string } }): Outcome => ({
  name: agent.name,
  error,
});

/**
 * Reports the failed outcomes, and ends with exit code 1 if there are any.
 * @returns true if there are any.
 */
export function tellFailed(session: Session, outcomes: readonly Outcome[]): boolean {
  const failed = outcomes.filter(({ error }) => error !== null);
  for (const { name, error } of failed)
    session.output.warn(`error: ${clean(`${name}: ${error?.detail} (${error?.code})`)}`);
  if (failed.length > 0) session.end(EXIT.failed);
  return failed.length > 0;
}
