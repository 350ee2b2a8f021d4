/** The tree of a transaction as people see it: a line for each record. */
import { exchangeOf, type TransactionNode, type TransactionTree } from "../../../audit/transaction.ts";
import type { AuditEntry } from "../../../contract/audit.ts";
import { clean, type Style } from "../../output.ts";
import { treeText, type Branch } from "../../tree.ts";
import { by, what } from "./row.ts";

export const transactionText = (style: Style, tree: TransactionTree): string =>
  treeText([
    {
      line:
        tree.root === null ? "(nobody is named)" : style.strong(clean(`${tree.root.kind} ${tree.root.id}`)),
      children: tree.children.map((node) => branch(style, node)),
    },
  ]);

const branch = (style: Style, node: TransactionNode): Branch => ({
  line: node.entry === null ? clean(`agent ${node.id}`) : lineOf(style, node, node.entry),
  children: node.children.map((child) => branch(style, child)),
});

function lineOf(style: Style, { kind, id }: TransactionNode, entry: AuditEntry): string {
  const agent = `agent ${entry.agent ?? "?"}`;
  if (kind === "token") return words(entry, null, [agent, `token ${id}`, ...granted(entry)]);
  switch (entry.kind) {
    case "decision":
      return words(entry, entry.decision === "allow" ? style.good("allow") : style.bad("deny"), [
        entry.action,
        entry.target?.id,
        entry.reason,
        entry.decision_id,
      ]);
    case "decision.withheld":
      return words(entry, style.bad("withheld"), [entry.reason, entry.decision_id]);
    case "token.withheld":
      return words(entry, style.bad("withheld"), [agent, entry.target?.id, entry.reason]);
    case "token.exchange_refused":
      return words(entry, style.bad("refused"), ["exchange", agent, entry.reason]);
    case "token.revoked":
      return words(entry, style.bad("revoked"), [entry.target?.id, `by ${by(entry) ?? "?"}`]);
    default:
      return words(entry, null, [entry.kind, by(entry), what(entry), entry.reason]);
  }
}

/** What came out of an exchange, and what went into it where that was more. */
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

/** @param mark ours, and may be coloured; what the record says is made safe. */
function words(
  entry: AuditEntry,
  mark: string | null,
  parts: readonly (string | null | undefined)[],
): string {
  const said = parts.flatMap((part) => (part ? [clean(part)] : []));
  return [entry.time, ...(mark === null ? [] : [mark]), ...said].join("  ");
}
