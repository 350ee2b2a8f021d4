/** `dome audit list` */
import { Option, type Command } from "commander";
import type { AuditFilter } from "../../../client/audit-trail.ts";
import type { AuditEntry } from "../../../contract/audit.ts";
import { verb } from "../../command.ts";
import { limitOption, pointInTime } from "../../option-values.ts";
import { table, type Style } from "../../output.ts";
import type { Session } from "../../session.ts";

interface ListOptions {
  readonly workspace?: string;
  readonly agent?: string;
  readonly actor?: string;
  readonly kind?: string;
  readonly tool?: string;
  readonly decision?: "allow" | "deny";
  readonly reason?: string;
  readonly operator?: string;
  readonly requestId?: string;
  readonly txn?: string;
  readonly since?: string;
  readonly until?: string;
  readonly order?: "newest" | "oldest";
  readonly limit?: number;
}

const DEFAULT_LIMIT = 50;

export function listCommand(session: Session): Command {
  const back = pointInTime(() => session.io.clock.now(), "back");
  return verb({
    name: "list",
    summary: "List what happened; filters are combined",
    description:
      "List what happened in a workspace; filters are combined. Reading the trail is itself recorded.",
    examples: [
      "dome audit list --agent support-triage --decision deny --since 1h",
      "dome audit list --kind 'agent.*' --order oldest --json",
    ],
  })
    .option(
      "--workspace <name>",
      "workspace (default: the token's only one, else default); org: the organization's own",
    )
    .option("--agent <agent>", "the caller, or the agent it is about; name or id")
    .option("--actor <agent>", "any agent of the chain; name or id")
    .option("--kind <kind>", "decision, agent.suspended, or a whole family: 'agent.*'")
    .option("--tool <tool>", "<tool>, which covers its operations, or <tool>/<operation>")
    .addOption(new Option("--decision <decision>", "only these").choices(["allow", "deny"]))
    .option("--reason <code>", "only this reason")
    .option("--operator <subject>", "only what this operator did")
    .option("--request-id <id>", "only this request")
    .option("--txn <txn>", "only this transaction")
    .option("--since <time>", "from this time on, or a duration back from now: 1h", back)
    .option("--until <time>", "before this time, or a duration back from now: 1h", back)
    .addOption(
      new Option("--order <order>", "which come first").choices(["newest", "oldest"]).default("newest"),
    )
    .addOption(limitOption("records").default(DEFAULT_LIMIT))
    .action((options: ListOptions) => list(session, options));
}

export async function list(session: Session, options: ListOptions): Promise<void> {
  const service = await session.controlPlane();
  const { requestId, ...rest } = options;
  const filter: AuditFilter = { ...rest, request_id: requestId };
  const { items, more } = await service.audit.list(filter).take(options.limit ?? DEFAULT_LIMIT);
  const { output } = session;
  output.show({
    body: items,
    ids: items.map((entry) => entry.id),
    text: () => trail(output.style, items),
  });
  if (more) output.note("There are more: raise --limit, or narrow the filters.");
}

const trail = (style: Style, entries: readonly AuditEntry[]): string =>
  table(
    style,
    ["TIME", "SEQ", "KIND", "BY", "WHAT", "DECISION", "REASON", "ID"],
    entries.map((entry) => [
      entry.time,
      entry.seq,
      entry.kind,
      by(entry),
      what(entry),
      entry.decision ?? null,
      entry.reason ?? null,
      entry.id,
    ]),
  );

function by({ operator, agent }: AuditEntry): string | null {
  if (operator === undefined) return agent ?? null;
  return typeof operator.subject === "string" ? operator.subject : "(erased)";
}

/** What it was done to; for an operator's act on an agent, that agent. */
function what({ target, operator, agent }: AuditEntry): string | null {
  if (target !== undefined) return target.id;
  return operator === undefined ? null : (agent ?? null);
}
