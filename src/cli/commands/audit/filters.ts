/** The filters that `audit list` and `audit tail` share. */
import { Option, type Command } from "commander";
import { pointInTime, workspaceOption } from "../../option-values.ts";
import { userFilter } from "../users/user-argument.ts";
import type { Session } from "../../session.ts";

export interface FilterOptions {
  readonly workspace?: string;
  readonly agent?: string;
  readonly actor?: string;
  readonly kind?: string;
  readonly tool?: string;
  readonly decision?: "allow" | "deny" | "any";
  readonly reason?: string;
  readonly operator?: string;
  readonly requestId?: string;
  readonly txn?: string;
  readonly user?: readonly string[];
  readonly key?: string;
  readonly readings?: true;
  readonly shadow?: true;
  readonly since?: string;
}

export function withFilters(command: Command, session: Session): Command {
  const back = pointInTime(() => session.io.clock.now(), "back");
  return command
    .addOption(workspaceOption("; org: the organization's own"))
    .option("--agent <agent>", "the caller, or the agent it is about; name or id")
    .option("--actor <agent>", "any agent of the chain; name or id")
    .option("--kind <kind>", "decision, agent.suspended, or a whole family: 'agent.*'")
    .option("--tool <tool>", "<tool>, which covers its operations, or <tool>/<operation>")
    .addOption(new Option("--decision <decision>", "only these").choices(["allow", "deny", "any"]))
    .option("--reason <code>", "only this reason")
    .option("--operator <subject>", "only what this operator did")
    .option("--request-id <id>", "only this request")
    .option("--txn <txn>", "only this transaction")
    .option(
      "--user <who...>",
      "only what was done for this end user: usr_…, e-mail address, or ISSUER SUBJECT [TENANT]",
    )
    .option("--key <key>", "only what was done with this API key, and to it")
    .option("--shadow", "only decisions that policies in shadow would have made otherwise")
    .option("--readings", "readings of the ledger too")
    .option("--since <time>", "from this time on, or a duration back from now: 1h", back);
}

/** The options under the names of the API. */
export function filterOf<T extends FilterOptions>({ requestId, user = [], ...rest }: T) {
  return { ...rest, request_id: requestId, ...userFilter(user) };
}
