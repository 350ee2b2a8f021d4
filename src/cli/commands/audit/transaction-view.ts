/** The tree of a transaction for people: one line per record. */
import { exchangeOf, type TransactionNode, type TransactionTree } from "../../../audit/transaction.ts";
import { isSelfReported } from "../../../contract/audit-kinds.ts";
import type { AuditEntry } from "../../../contract/audit.ts";
import { called, type Names } from "../../names.ts";
import { clean, type Style } from "../../output.ts";
import { treeText, type Branch } from "../../tree.ts";
import { agentsOf, operatorOf, what } from "./row.ts";
import { markedKind, saidIn } from "./self-reported.ts";

/** @param names of all agents and users in the transaction. */
export const transactionText = (style: Style, tree: TransactionTree, names: Names): string =>
  treeText([
    {
      line:
        tree.root === null
          ? "(nobody is named)"
          : style.strong(clean(`${tree.root.kind} ${called(names, tree.root.id)}`)),
      children: tree.children.map((node) => branch(style, node, names)),
    },
  ]);

const branch = (style: Style, node: TransactionNode, names: Names): Branch => ({
  line:
    node.entry === null ? clean(`agent ${called(names, node.id)}`) : lineOf(style, node, node.entry, names),
  children: node.children.map((child) => branch(style, child, names)),
});

function lineOf(style: Style, { kind, id }: TransactionNode, entry: AuditEntry, names: Names): string {
  const agent = `agent ${agentsOf(entry, names) ?? "?"}`;
  if (isSelfReported(entry.kind))
    return words(style, entry, null, [markedKind(entry), agent, ...saidIn(entry)]);
  if (kind === "token") return words(style, entry, null, [agent, `token ${id}`, ...granted(entry)]);
  switch (entry.kind) {
    case "decision":
      return words(style, entry, entry.decision === "allow" ? style.good("allow") : style.bad("deny"), [
        agent,
        entry.action,
        entry.target?.id,
        entry.reason,
        entry.decision_id,
      ]);
    case "call.outcome":
      return words(
        style,
        entry,
        (entry.outcome === "completed" ? style.good : style.bad)(clean(entry.outcome ?? "?")),
        [
          agent,
          entry.target?.id,
          entry.reason,
          entry.latency_ms === undefined ? null : `${entry.latency_ms} ms`,
          entry.decision_id,
        ],
      );
    case "decision.withheld":
      return words(style, entry, style.bad("withheld"), [entry.reason, entry.decision_id]);
    case "token.withheld":
      return words(style, entry, style.bad("withheld"), [agent, entry.target?.id, entry.reason]);
    case "token.exchange_refused":
      return words(style, entry, style.bad("refused"), ["exchange", agent, entry.reason]);
    case "token.revoked":
      return words(style, entry, style.bad("revoked"), [
        entry.target?.id,
        `by ${operatorOf(entry) ?? agentsOf(entry, names) ?? "?"}`,
      ]);
    default:
      return words(style, entry, null, [
        entry.kind,
        operatorOf(entry) ?? agentsOf(entry, names),
        what(entry, names),
        entry.reason,
      ]);
  }
}

/** The scope and audience that an exchange granted, with those of the subject token where they were wider. */
function granted(entry: AuditEntry): string[] {
  const { scope, scope_before, audience, audience_before, basis } = exchangeOf(entry);
  return [
    narrowed("scope", scope, scope_before),
    narrowed("for", audience, audience_before),
    basis ? `because of ${basis}` : "narrowed",
  ];
}

function narrowed(word: string, now: string | null | undefined, before: string | null | undefined): string {
  if (!now) return "";
  return !before || before === now ? `${word} ${now}` : `${word} ${now} (of ${before})`;
}

/** @param mark a word of this program, which may be coloured; text from the record is escaped. */
function words(
  style: Style,
  entry: AuditEntry,
  mark: string | null,
  parts: readonly (string | null | undefined)[],
): string {
  const said = parts.flatMap((part) => (part ? [clean(part)] : []));
  return [style.clock(entry.time), ...(mark === null ? [] : [mark]), ...said].join("  ");
}
