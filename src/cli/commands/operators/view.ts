/** The text forms of operator tokens, without their secrets. */
import type { OperatorView } from "../../../contract/operator.ts";
import { fields, several, type Style } from "../../output.ts";
import { table } from "../../table.ts";

const workspacesOf = ({ workspaces }: OperatorView): string =>
  workspaces === null ? "all" : (several(workspaces) ?? "none");

export const operatorFields = (style: Style, operator: OperatorView): string =>
  fields(style, [
    ["id", operator.id],
    ["subject", operator.subject],
    ["role", operator.role],
    ["workspaces", workspacesOf(operator)],
    ["description", operator.description],
    ["state", operator.state],
    ["last 4", operator.last4],
    ["created", `${style.at(operator.created_at)} by ${operator.created_by}`],
    ["expires", style.at(operator.expires_at)],
    ["revoked", style.at(operator.revoked_at)],
    ["last used", style.at(operator.last_used_at)],
    ["replaces", operator.replaces],
  ]);

export const operatorTable = (style: Style, operators: readonly OperatorView[]): string =>
  table(
    style,
    ["SUBJECT", "ROLE", "WORKSPACES", "STATE", "EXPIRES", "LAST USED", "ID"],
    operators.map((operator) => [
      operator.subject,
      operator.role,
      workspacesOf(operator),
      operator.state,
      style.ago(operator.expires_at),
      style.ago(operator.last_used_at),
      operator.id,
    ]),
  );
