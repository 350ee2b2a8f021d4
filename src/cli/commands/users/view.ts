/** The text forms of an end user. */
import type { User } from "../../../contract/user.ts";
import { fields, several, type Style } from "../../output.ts";
import { table } from "../../table.ts";

const nameOf = ({ email, issuer, subject, id }: User): string =>
  email ?? (issuer !== null && subject !== null ? `${issuer} ${subject}` : id);

export const userTable = (style: Style, users: readonly User[]): string =>
  table(
    style,
    ["USER", "STATE", "AGENTS", "FIRST SEEN", "LAST SEEN", "WORKSPACE", "ISSUER", "SUBJECT", "ID"],
    users.map((user) => [
      nameOf(user),
      user.stopped === null ? "active" : "stopped",
      several(user.agents.map(({ name, id }) => name ?? id)),
      style.ago(user.first_seen),
      style.ago(user.last_seen),
      user.workspace,
      user.issuer,
      user.subject,
      user.id,
    ]),
  );

export const userFields = (style: Style, user: User): string =>
  [
    fields(style, [
      ["id", user.id],
      ["e-mail", user.email],
      ["issuer", user.issuer],
      ["subject", user.subject],
      ["workspace", user.workspace],
      [
        "state",
        user.stopped === null
          ? "active"
          : `stopped since ${style.at(user.stopped.since)}, stop ${user.stopped.halt}`,
      ],
      ["first seen", style.at(user.first_seen)],
      ["last seen", style.at(user.last_seen)],
    ]),
    "",
    user.agents.length === 0 ? "No agent has acted for this user." : agentTable(style, user),
  ].join("\n");

const agentTable = (style: Style, { agents }: User): string =>
  table(
    style,
    ["AGENT", "FIRST SEEN", "LAST SEEN", "ID"],
    agents.map((agent) => [agent.name, style.ago(agent.first_seen), style.ago(agent.last_seen), agent.id]),
  );
