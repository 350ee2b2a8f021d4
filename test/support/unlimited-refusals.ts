/** For tests that try every bad credential at every door, from one address: after 500 they would hear of that alone. */
import type { RawEnv } from "../../src/env.ts";
import { RATE_LIMITS } from "../../src/embedded/rate-limits.ts";

/** The same bindings, without a limit for refused credentials. */
export const unlimitedRefusals = (raw: RawEnv): RawEnv => ({
  ...raw,
  DOME_RATE_LIMITS: { ...RATE_LIMITS, RATE_REFUSED: Infinity },
});
