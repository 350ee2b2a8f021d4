/**
 * `activate` and `resume` return 300 ms after the commit: isolates keep the answer "not active" for at most 250 ms, so
 * that no call made after the command is refused by an old answer.
 */
import type { AgentRef } from "../../../client/agents.ts";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Transition } from "../../../contract/halt.ts";
import type { Selection } from "./selection.ts";

export const SETTLE_MS = 300;

export type Start = "activate" | "resume";

export interface StartOptions extends Selection {
  readonly reason?: string;
}

export const startAgent = (
  service: ControlPlane,
  start: Start,
  ref: AgentRef,
  { reason }: StartOptions,
): Promise<Transition> => service.agents[start](ref, { reason: reason ?? null });
