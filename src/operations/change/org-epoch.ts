/** The configuration epoch of the whole installation: read before what a change of it is based on. */
import type { OperationPorts } from "../request/ports.ts";

export const orgEpoch = async ({ owners }: OperationPorts): Promise<number> =>
  (await owners.org().lease()).config_epoch;
