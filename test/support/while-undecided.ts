/** How often a request is sent at most. */
const MOST_ATTEMPTS = 4;

/**
 * Sends a request, and again while the answer is "undecided, ask again": a machine under load may be too slow for a lease
 * (800 ms), and a client would repeat. Where something is really away, the last answer says so all the same.
 */
export async function whileUndecided<A>(
  send: () => Promise<A>,
  isUndecided: (answer: A) => boolean,
): Promise<A> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send();
    if (!isUndecided(answer) || attempt === MOST_ATTEMPTS) return answer;
  }
}
