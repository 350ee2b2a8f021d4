/**
 * Refusals are values, faults are exceptions. Every expected refusal travels as an `Err` with a tagged reason; an
 * exception means a bug or a broken dependency.
 */
type Ok<T> = { readonly ok: true; readonly value: T };
export type Err<E> = { readonly ok: false; readonly error: E };
export type Result<T, E> = Ok<T> | Err<E>;

/** Wraps a success. */
export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });

/** Wraps an expected refusal. */
export const err = <E>(error: E): Err<E> => ({ ok: false, error });

/** Makes the compiler prove that a switch over a closed union is exhaustive. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
