/** The text forms of stops and their receipts. */
import type { Halt } from "../contract/halt.ts";
import { clean, fields, seconds, several, type Style } from "./output.ts";
import { table } from "./table.ts";

export const haltTable = (style: Style, halts: readonly Halt[]): string =>
  table(
    style,
    ["ID", "KIND", "COMMITTED", "EFFECTIVE", "OPERATOR", "REASON"],
    halts.map((halt) => [
      halt.id,
      halt.kind,
      style.ago(halt.committed_at),
      style.ago(halt.effective_at) ?? "not yet",
      halt.operator.subject,
      halt.reason,
    ]),
  );

export function haltFields(style: Style, halt: Halt): string {
  const admitted = halt.last_admitted;
  const members = fields(style, [
    ["id", halt.id],
    ["kind", halt.kind],
    ["agents", several(halt.agents.map(({ agent, epoch }) => `${agent} (epoch ${epoch})`))],
    ["keys", several(halt.keys)],
    ...(halt.halt_epoch === null ? [] : [["halt epoch", halt.halt_epoch] as const]),
    ...(halt.user === null ? [] : [["user", halt.user] as const]),
    ...(halt.txn === null ? [] : [["transaction", halt.txn] as const]),
    ...(halt.cause === null ? [] : [["follows from", `${halt.cause.halt} of ${halt.cause.agent}`] as const]),
    ...(halt.cascade === null ? [] : [["family", familyText(halt.cascade)] as const]),
    ["operator", `${halt.operator.subject} (${halt.operator.token})`],
    ["reason", halt.reason],
    ["committed", style.at(halt.committed_at)],
    ["effective", style.at(halt.effective_at) ?? `not yet: in ${halt.effective_in_ms} ms`],
    ["bound", `${halt.bound_ms} ms`],
    ["acts cut", halt.acts_cut],
    ["last admitted", admitted === null ? null : `${admitted.decision_id} at ${style.at(admitted.time)}`],
  ]);
  return `${members}\n\n${clean(halt.note)}`;
}

interface Stopped {
  readonly changed: boolean;
  readonly halt: Halt | null;
  readonly effective_in_ms: number;
}

/** @param what the sentence without its end, for instance `support is halted`. */
export function stoppedText(
  style: Style,
  what: string,
  { changed, halt, effective_in_ms: left }: Stopped,
): string {
  const said = `${what}${changed ? "" : " (it was already)"}.`;
  return halt === null ? said : `${said} ${effectText(style, halt, left)}`;
}

/**
 * `The stop hlt_… is effective since …`, or `… in …`.
 * @param leftMs the time left, in milliseconds, when it is not effective yet.
 */
export const effectText = (style: Style, { id, effective_at: at }: Halt, leftMs: number): string =>
  `The stop ${id} is effective ${at === null ? `in ${seconds(leftMs)}` : `since ${style.at(at)}`}.`;

/** Null: they were not counted. */
export const actsText = (count: Halt["acts_cut"]): string | null =>
  count === null ? null : count === 1 ? "1 act" : `${count} acts`;

/** `4 agents: 4 committed, 3 effective`. */
export const familyText = ({ total, committed, effective }: NonNullable<Halt["cascade"]>): string =>
  `${total} agents: ${committed} committed, ${effective} effective`;
