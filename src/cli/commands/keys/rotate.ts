/** `dome keys rotate` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { overlap } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { onlyOne, withChoice } from "../agents/selection.ts";
import { issue, withNewKeyOptions } from "./new-key.ts";
import { onlyLiveKey } from "./live-key.ts";
import { overlapSeconds, rotateMany, type RotateOptions } from "./rotate-many.ts";

export const rotateCommand = (session: Session): Command =>
  withChoice(
    withNewKeyOptions(
      session,
      verb({
        name: "rotate",
        summary: "Replace an API key by a new one",
        description:
          "Replace an API key by a new one. The old key ends after the overlap, by default at once; no other is touched. " +
          "Without a key id, the agent must have exactly one live key that is not being replaced already. If you choose " +
          "agents with --label, --steward or --owner, each new key is written to <key-dir>/<agent>.key; they are listed " +
          "first, and you are asked to confirm; in scripts, pass --yes.",
        examples: [
          "dome keys rotate support-triage --overlap 24h --key-file ./support-triage.key --force",
          "dome keys rotate support-triage key_…",
          "dome keys rotate --label team=support --overlap 24h --key-dir ./keys --dry-run",
        ],
      })
        .argument("[agent]", "name or id")
        .argument("[key]", "id of the key to replace"),
    ),
  )
    .option("--overlap <time>", "how long both work, up to 7d (default: the old key ends now)", overlap)
    .option("--key-dir <folder>", "write the keys of chosen agents to new files in this folder (mode 0600)")
    .action(async (agent: string | undefined, key: string | undefined, options: RotateOptions) => {
      const only = onlyOne(agent === undefined ? [] : [agent], { ...options, dryRun: false }, "keys rotate");
      if (only === undefined) return rotateMany(session, options);
      if (options.keyDir !== undefined || options.dryRun === true)
        throw usage(
          "--key-dir and --dry-run go with --label, --steward or --owner",
          "dome keys rotate --help",
        );
      await issue(session, only, options, async (service, ref) => ({
        replaces: key ?? (await onlyLiveKey(session, service, ref)),
        overlap_seconds: overlapSeconds(options),
      }));
    });
