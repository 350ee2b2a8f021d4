/** A verified chain, or the fault of one, for people. */
import type { ChainReport } from "../../../delegation/chain-report.ts";
import type { ChainFault, ChainFaultKind } from "../../../delegation/chain-rules.ts";
import { called, chainText, type Names } from "../../names.ts";
import { clean, fields, type Style } from "../../output.ts";
import { table } from "../../table.ts";

export function reportText(style: Style, report: ChainReport, names: Names): string {
  const rows = report.hops.map((hop) => [
    style.clock(hop.at),
    called(names, hop.actor),
    hop.scope,
    hop.target,
    hop.basis,
    hop.receipt,
  ]);
  return [
    `${style.good("verified")}  ${clean(chainText(names, wholeChain(report)))}`,
    ...(rows.length === 0
      ? []
      : ["", table(style, ["TIME", "ACTOR", "SCOPE", "TARGET", "BASIS", "RECEIPT"], rows)]),
    "",
    ...report.statements.map((line) => `  + ${clean(onTheClock(style, report, line))}`),
    ...report.not_checked.map((line) => `  ? ${clean(line)}`),
  ].join("\n");
}

/** Replaces the token's expiry in a statement, which is in RFC 3339, by local time. */
const onTheClock = (style: Style, { token }: ChainReport, statement: string): string =>
  token === null
    ? statement
    : statement.replaceAll(token.expires_at, () => `${style.clock(token.expires_at)}`);

/** All participants, each once, the current actor first: `helper for triage for alice@example.com`. */
const wholeChain = ({ actor, subject, hops }: ChainReport): string[] => [
  ...new Set([actor, ...hops.map((hop) => hop.actor).toReversed(), subject]),
];

export const faultText = (style: Style, fault: ChainFault): string =>
  [
    `${style.bad("not verified")}  ${clean(fault.detail)}`,
    "",
    fields(style, [
      ["check", fault.kind],
      ["where", place(fault.index)],
      ["means", MEANING[fault.kind]],
    ]),
  ].join("\n");

const place = (index: number | null): string =>
  index === null
    ? "the token, or the chain as a whole"
    : index === 0
      ? "receipt 0, the newest"
      : `receipt ${index}, counted from the newest, 0`;

const MEANING: Readonly<Record<ChainFaultKind, string>> = {
  nothing_given: "There is no evidence to check.",
  wrong_issuer: "The issuer is not trusted, or the token belongs to another service.",
  token_refused: "The issuer did not make this token, or it has been changed: it proves nothing.",
  receipt_refused: "The issuer did not make this receipt, or it has been changed: it proves nothing.",
  receipts_differ: "The receipts were replaced in transit.",
  wrong_count: "Receipts are missing, or there are too many: the chain is not whole.",
  wrong_link: "Receipts were removed, added, reordered or cut off.",
  wrong_actor: "The receipts are about other agents than the chain claims.",
  wrong_subject: "The chain claims that an agent acted for another user or agent than the one that began it.",
  wrong_transaction: "The chain has receipts of another transaction.",
  wrong_origin: "The chain has receipts of another token, so they do not show how this token was issued.",
  scope_widened:
    "An agent got a wider scope than it was given. An honest service does not issue such a receipt.",
  target_widened:
    "An agent got a wider target than it was given. An honest service does not issue such a receipt.",
  time_reversed: "The times contradict the order. An honest service does not issue such a receipt.",
};
