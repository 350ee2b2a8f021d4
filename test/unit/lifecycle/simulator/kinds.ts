/** The two kinds of owner object, as far as stopping goes: their rows, commands, and answers by the real functions. */
import {
  answerFor,
  workspaceAnswerFor,
  type AgentAnswer,
  type AgentRow,
  type WorkspaceAnswer,
  type WorkspaceRow,
} from "../../../../src/lifecycle/lease.ts";
import { next, type LifecycleCommand } from "../../../../src/lifecycle/states.ts";
import type { Change, Kind } from "./owner-object.ts";
import type { Rules } from "./rules.ts";

export type AgentCommand =
  | { readonly do: LifecycleCommand; readonly agent: string }
  | { readonly do: "revoke_key"; readonly key: string };

export type WorkspaceCommand =
  | { readonly do: "halt" | "resume" }
  | { readonly do: "stop_user" | "resume_user"; readonly user: string }
  | { readonly do: "stop_txn"; readonly txn: string };

export const agentKind = (rules: Rules): Kind<AgentRow, AgentCommand, AgentAnswer> => ({
  answer: answerFor,
  epoch: (row) => row.epoch,
  apply: (row, command): Change<AgentRow> | undefined => {
    if (command.do === "revoke_key") {
      const keys = row.keys.filter(({ id }) => id !== command.key);
      return { state: { ...row, keys }, stop: { kind: "key", key: command.key } };
    }
    const to = next(row.state, command.do);
    if (!to.ok) return undefined;
    const epoch = rules.raisesEpoch(row.state, to.value) ? row.epoch + 1 : row.epoch;
    const state = { ...row, state: to.value, epoch };
    if (command.do !== "suspend" && command.do !== "revoke") return { state };
    return { state, stop: { kind: command.do, agent: command.agent } };
  },
});

export const workspaceKind: Kind<WorkspaceRow, WorkspaceCommand, WorkspaceAnswer> = {
  answer: workspaceAnswerFor,
  epoch: (row) => row.haltEpoch,
  userEpochs: (row) => row.resumedUsers ?? [],
  apply: (row, command, now): Change<WorkspaceRow> => {
    switch (command.do) {
      case "halt":
        return { state: { ...row, halted: true, haltEpoch: row.haltEpoch + 1 }, stop: { kind: "workspace" } };
      case "resume":
        return { state: row.halted ? { ...row, halted: false, haltEpoch: row.haltEpoch + 1 } : row };
      case "stop_user":
        if (row.stoppedUsers.includes(command.user)) return { state: row };
        return {
          state: { ...row, stoppedUsers: [...row.stoppedUsers, command.user] },
          stop: { kind: "user", user: command.user },
        };
      case "resume_user":
        return { state: row.stoppedUsers.includes(command.user) ? resumed(row, command.user, now) : row };
      case "stop_txn": {
        const stopped = { txn: command.txn, stoppedAt: now };
        return {
          state: { ...row, stoppedTxns: [...row.stoppedTxns, stopped] },
          stop: { kind: "transaction", txn: command.txn },
        };
      }
    }
  },
};

function resumed(row: WorkspaceRow, user: string, resumedAt: number): WorkspaceRow {
  const before = row.resumedUsers ?? [];
  const epoch = (before.find((each) => each.user === user)?.epoch ?? 0) + 1;
  return {
    ...row,
    stoppedUsers: row.stoppedUsers.filter((each) => each !== user),
    resumedUsers: [...before.filter((each) => each.user !== user), { user, epoch, resumedAt }],
  };
}
