/** Options that select keys by agent, age and expiry, for lists and rotations. */
import type { Command } from "commander";
import type { KeyFilter } from "../../../client/keys.ts";
import { pointInTime } from "../../option-values.ts";
import type { Session } from "../../session.ts";

/** A selection of keys. */
export interface KeyChoice {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
  readonly label?: string[];
  readonly steward?: string;
  readonly owner?: string;
  readonly live?: true;
  /** RFC 3339, in UTC. */
  readonly olderThan?: string;
  /** RFC 3339, in UTC. */
  readonly expiresBefore?: string;
}

export const withKeyAges = (session: Session, command: Command): Command => {
  const now = (): number => session.io.clock.now();
  return command
    .option(
      "--older-than <time>",
      "only keys that are older: than a duration such as 90d, or from before a time",
      pointInTime(now, "back"),
    )
    .option(
      "--expires-before <time>",
      "only keys that end within a duration such as 14d, or before a time",
      pointInTime(now, "ahead"),
    );
};

export const keyFilterOf = (choice: KeyChoice): KeyFilter => {
  const { workspace, allWorkspaces, label, steward, owner, live, olderThan, expiresBefore } = choice;
  return {
    workspace,
    all_workspaces: allWorkspaces,
    label,
    steward,
    owner,
    live,
    created_before: olderThan,
    expires_before: expiresBefore,
  };
};
