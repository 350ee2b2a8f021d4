/** One of many requests: that it fails must not keep the others from running. */
import { DomeError } from "../client/errors.ts";

export interface Failed {
  readonly code: string;
  readonly detail: string;
}

/** Exactly one of the two is null. */
export type Attempt<T> =
  { readonly done: T; readonly error: null } | { readonly done: null; readonly error: Failed };

/** @throws what is no answer of the service, and no failure to reach it. */
export async function attempt<T>(request: Promise<T>): Promise<Attempt<T>> {
  try {
    return { done: await request, error: null };
  } catch (fault) {
    if (!(fault instanceof DomeError)) throw fault;
    return { done: null, error: { code: fault.code, detail: fault.message } };
  }
}
