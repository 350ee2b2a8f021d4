/** What the runtime reports although nothing has failed. */

/**
 * An answer of a tool's server that has ended early is ended for its caller by an error of the stream, because only that
 * shows a cut in HTTP. The runtime reports every such error. The outcome of the call in the ledger says who cut it, and why.
 */
const CUT_ANSWER = /^Uncaught exception: .*\bUpstreamFault: the answer ended early: [a-z_]+/s;

/** True for a report that tells an operator nothing. */
export const isNoise = (message: string): boolean =>
  // The first marks notes to the runtime's own developers.
  message.includes("NOSENTRY") || CUT_ANSWER.test(message);
