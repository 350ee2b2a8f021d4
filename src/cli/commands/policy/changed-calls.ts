/** Calls that a draft decides otherwise, grouped by agent and resource: the newly denied first. */
import type { Style } from "../../output.ts";
import { table } from "../../table.ts";

/** One such call. */
export interface ChangedCall {
  readonly decision_id: string;
  readonly time: string;
  readonly agent: string;
  readonly resource: string;
  /** What the draft decides. */
  readonly becomes: "allow" | "deny";
  readonly policies: readonly string[];
  readonly detail: string;
  /** An agent has changed since the call, and was taken as it is now. */
  readonly assumed: boolean;
}

/** Calls of one agent and resource that the same policies decide otherwise. */
export interface ChangedGroup extends Omit<ChangedCall, "time" | "assumed"> {
  readonly calls: number;
  /** Of these, calls for which an agent was taken as it is now. */
  readonly assumed: number;
  /** The newest of them. */
  readonly last: string;
}

/** @param calls the newest first. */
export function grouped(calls: readonly ChangedCall[]): readonly ChangedGroup[] {
  const groups = new Map<string, ChangedGroup>();
  for (const { time: last, assumed, ...call } of calls) {
    const key = JSON.stringify([call.becomes, call.agent, call.resource, call.policies]);
    const newest = groups.get(key) ?? { ...call, last, calls: 0, assumed: 0 };
    groups.set(key, {
      ...newest,
      calls: newest.calls + 1,
      assumed: newest.assumed + (assumed ? 1 : 0),
    });
  }
  return [...groups.values()].sort((a, b) =>
    a.becomes === b.becomes ? b.calls - a.calls : a.becomes === "deny" ? -1 : 1,
  );
}

export const countOf = (groups: readonly ChangedGroup[], becomes: ChangedGroup["becomes"]): number =>
  groups.filter((group) => group.becomes === becomes).reduce((sum, { calls }) => sum + calls, 0);

export function groupsText(style: Style, groups: readonly ChangedGroup[]): string {
  const rows = groups.map(({ becomes, agent, resource, calls, last, policies, decision_id }) => [
    becomes === "deny" ? "newly denied" : "newly allowed",
    agent,
    resource,
    calls,
    style.ago(last),
    policies.join(", "),
    decision_id,
  ]);
  return table(style, ["CHANGE", "AGENT", "RESOURCE", "CALLS", "LAST", "POLICIES", "NEWEST"], rows);
}

export const callsText = (count: number): string => (count === 1 ? "1 call" : `${count} calls`);
