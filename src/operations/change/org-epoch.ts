/** The configuration epoch of the organization. It is read before the data that a change is based on. */
import type { OperationPorts } from "../request/ports.ts";

export const orgEpoch = async ({ owners }: OperationPorts): Promise<number> =>
  (await owners.org().lease()).config_epoch;
