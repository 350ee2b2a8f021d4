/**
 * `Dome-Context`: who calls a server through Dome, for whom and through whom, signed by Dome for this server alone. For the
 * programs behind tools; agents have no use for it.
 */
export { verifyDomeContext } from "./verify-context.ts";
export type { ContextOptions, ContextUser, DomeContext } from "./verify-context.ts";
export { DomeKeys } from "./dome-keys.ts";
export type { DomeKeysOptions } from "./dome-keys.ts";
export { ConfigurationError, DomeError, ContextError } from "./errors.ts";
export type { ContextFault } from "./errors.ts";
