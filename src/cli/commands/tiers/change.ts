/** `dome tiers add`, `update` and `remove` */
import { Option, type Command } from "commander";
import type { Tier, TierPatch } from "../../../contract/tier.ts";
import { defined } from "../../../kernel/defined.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { countFromZero, numberOrNone, wholeNumber } from "../../option-values.ts";
import { fields } from "../../output.ts";
import type { Session } from "../../session.ts";
import { limits, members } from "./view.ts";

interface Settings {
  readonly description?: string;
  readonly selfService?: boolean;
  readonly tokenLife?: number;
  readonly chainDepth?: number;
  readonly batch?: number;
  readonly keyDays?: number;
  readonly body?: number;
  readonly actBody?: number;
  readonly actSeconds?: number;
  readonly sessionSeconds?: number;
  readonly rate?: Tier["rate"];
  readonly callsPerMinute?: number | null;
  readonly openCalls?: number | null;
  readonly lapseAfterDays?: number | null;
  readonly trust?: number;
  readonly freshness?: Tier["freshness"];
}

const withSettings = (command: Command): Command =>
  command
    .option("--description <text>", "what its agents are for")
    .option("--self-service", "let developers register agents into it")
    .option("--no-self-service", "let only operators register agents into it")
    .option("--token-life <seconds>", "the longest life of a call token, 30 to 300", wholeNumber)
    .option("--chain-depth <n>", "the most agents of a chain", wholeNumber)
    .option("--batch <n>", "the most items of a batch", wholeNumber)
    .option("--key-days <n>", "the longest life of an API key, in days", wholeNumber)
    .option("--body <n>", "the largest body of a request to Dome, in bytes", wholeNumber)
    .option("--act-body <n>", "the largest body of a tool call, and of its answer, in bytes", wholeNumber)
    .option("--act-seconds <seconds>", "how long a tool call may take", wholeNumber)
    .option("--session-seconds <seconds>", "how long a session of an MCP client may last", wholeNumber)
    .addOption(new Option("--rate <how>", "how often its keys may call").choices(["low", "normal", "high"]))
    .option(
      "--calls-per-minute <n>",
      "the most calls of an agent in a minute, for each isolate; none: no bound",
      numberOrNone,
    )
    .option(
      "--open-calls <n>",
      "the most tool calls that an agent has open, for each isolate; none: no bound",
      numberOrNone,
    )
    .option(
      "--lapse-after-days <n>",
      "after how many days a declared item that was not used lapses, with notice; none: never",
      numberOrNone,
    )
    .option("--trust <n>", "how far its agents are trusted, 0 to 100: for policies", countFromZero)
    .addOption(
      new Option("--freshness <how>", "always: each call asks whether the agent may still act").choices([
        "leased",
        "always",
      ]),
    );

const membersOf = (given: Settings): TierPatch =>
  defined({
    description: given.description,
    self_service: given.selfService,
    token_ttl_seconds: given.tokenLife,
    max_chain_depth: given.chainDepth,
    max_batch: given.batch,
    max_key_days: given.keyDays,
    max_body_bytes: given.body,
    max_act_body_bytes: given.actBody,
    max_act_seconds: given.actSeconds,
    max_session_seconds: given.sessionSeconds,
    rate: given.rate,
    calls_per_minute: given.callsPerMinute,
    open_calls: given.openCalls,
    lapse_after_days: given.lapseAfterDays,
    trust: given.trust,
    freshness: given.freshness,
  });

export const addCommand = (session: Session): Command =>
  withSettings(
    verb({
      name: "add",
      summary: "Add a tier; settings that you do not give are those of another tier",
      examples: ["dome tiers add batch-jobs --like standard --act-seconds 1800 --no-self-service"],
    }).argument("<name>", "its name"),
  )
    .option("--like <tier>", "the tier whose settings the others are (default: standard)")
    .action(async (name: string, { like, ...given }: Settings & { readonly like?: string }) => {
      const { tiers } = await session.controlPlane();
      tellTier(session, await tiers.add({ name, ...defined({ like }), ...membersOf(given) }));
    });

export const updateCommand = (session: Session): Command =>
  withSettings(
    verb({
      name: "update",
      summary: "Change a tier: all of its agents have the new limits within seconds",
      examples: [
        "dome tiers update standard --act-seconds 120",
        "dome tiers update restricted --calls-per-minute 60 --open-calls 5",
      ],
    }).argument("<name>", "its name"),
  ).action(async (name: string, given: Settings) => {
    const patch = membersOf(given);
    if (Object.keys(patch).length === 0)
      throw usage("Nothing to change; name at least one setting", "dome tiers update --help");
    const { tiers } = await session.controlPlane();
    tellTier(session, await tiers.update(name, patch));
  });

export const removeCommand = (session: Session): Command =>
  verb({
    name: "remove",
    summary: "Remove a tier that no agent is in",
    examples: ["dome tiers remove batch-jobs"],
  })
    .argument("<name>", "its name")
    .action(async (name: string) => {
      const removed = await (await session.controlPlane()).tiers.remove(name);
      session.output.show({ body: removed, ids: [removed.name], text: () => `Removed ${removed.name}.` });
    });

function tellTier({ output }: Session, tier: Tier): void {
  output.show({
    body: tier,
    ids: [tier.name],
    text: () => fields(output.style, [...members(tier), ...limits(tier)]),
  });
}
