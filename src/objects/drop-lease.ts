/** How a client of an owner object forgets what its isolate believes of the owner. */
export type DropLease = () => void;

/** The answer of a change. A change that failed may have happened, or an earlier one with it: the lease goes as well. */
export async function dropping<T>(drop: DropLease, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } finally {
    drop();
  }
}
