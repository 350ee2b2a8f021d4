/**
 * Limits in requests per ten seconds, as in wrangler.toml, for a Worker that counts them itself
 * (src/api/isolate-counter.ts).
 */
export const RATE_LIMITS = {
  RATE_REFUSED: 500,
  RATE_LOW: 1_000,
  RATE_NORMAL: 10_000,
  RATE_HIGH: 50_000,
  RATE_AGENT: 50_000,
  RATE_WORKSPACE: 200_000,
  RATE_OPERATOR: 10_000,
};
