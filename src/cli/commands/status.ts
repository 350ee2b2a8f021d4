/** `dome status` */
import type { Command } from "commander";
import type { Status } from "../../contract/status.ts";
import { verb, type Title } from "../command.ts";
import { fields, type Style } from "../output.ts";
import { table } from "../table.ts";
import type { Session } from "../session.ts";
import { showOrWatch, watchOption, type Watching } from "../watch.ts";

export const statusCommand = (session: Session, title: Title): Command =>
  verb({
    ...title,
    examples: ["dome status", "dome status --json"],
  })
    .addOption(watchOption())
    .action((options: Watching) =>
      showOrWatch(session, options, async () => {
        const status = await (await session.controlPlane()).status();
        const { output } = session;
        return {
          body: status,
          // The time differs in each answer.
          compared: { ...status, time: null },
          ids: [status.issuer],
          text: () => text(output.style, status),
        };
      }),
    );

const text = (style: Style, status: Status): string =>
  [
    fields(style, [
      ["issuer", status.issuer],
      ["version", status.version],
      ["time", style.clock(status.time)],
      ["audit sink", status.audit_sink],
      ["records on their way", onTheirWay(style, status.outbox)],
      [
        "late in objects",
        status.object_outboxes.owners === 0
          ? "0"
          : `${status.object_outboxes.records} of ${status.object_outboxes.owners} owners, oldest ${style.at(status.object_outboxes.oldest_at)}`,
      ],
      [
        "agents",
        Object.entries(status.agents)
          .map(([state, count]) => `${count} ${state}`)
          .join(", ") || "none",
      ],
      ...(status.root_keys === null ? [] : [["root keys", status.root_keys.join(", ")] as const]),
    ]),
    table(
      style,
      ["LEDGER", "RECORDS", "BYTES", "FILL", "GAPS", "REJECTED", "DEAD LETTERS"],
      status.ledgers.map((ledger) => [
        ledger.name,
        ledger.records,
        ledger.bytes,
        fillOf(ledger),
        ledger.producers_with_gaps,
        ledger.rejected,
        ledger.dead_letters,
      ]),
    ),
    ...(status.signing_keys === null ? [] : [signingKeys(style, status.signing_keys)]),
  ].join("\n\n");

const onTheirWay = (style: Style, outbox: Status["outbox"]): string => {
  if (outbox === null) return "-";
  return `${outbox.depth}${outbox.oldest_at === null ? "" : `, oldest ${style.at(outbox.oldest_at)}`}`;
};

const signingKeys = (style: Style, keys: NonNullable<Status["signing_keys"]>): string =>
  table(
    style,
    ["SIGNING KEY", "USE", "SIGNS", "CREATED"],
    keys.map((key) => [key.kid, key.use, signsOf(key), style.ago(key.created_at)]),
  );

const signsOf = ({ signs, in_force: inForce }: NonNullable<Status["signing_keys"]>[number]): string => {
  if (!signs) return "no";
  return inForce ? "yes" : "yes, ahead of time";
};

/** The share of the capacity that a ledger uses, and its level unless that is `ok`. */
const fillOf = ({ bytes, capacity, evidence }: Status["ledgers"][number]): string =>
  `${Math.floor((100 * bytes) / capacity)}%${evidence === "ok" ? "" : ` ${evidence}`}`;
