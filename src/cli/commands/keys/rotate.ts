/** `dome keys rotate` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { allWorkspacesOption, overlap } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { onlyOne, withChoice } from "../agents/selection.ts";
import { issue, withNewKeyOptions } from "./new-key.ts";
import { withKeyAges } from "./key-ages.ts";
import { onlyLiveKey } from "./live-key.ts";
import { isByKey, orderOf, overlapSeconds, rotateMany, type RotateOptions } from "./rotate-many.ts";

export const rotateCommand = (session: Session): Command =>
  withChoice(
    withKeyAges(
      session,
      withNewKeyOptions(
        session,
        verb({
          name: "rotate",
          summary: "Replace an API key with a new one",
          description:
            "Replace an API key with a new one. The old key expires after the overlap, by default at once; other keys stay. " +
            "Without a key id, the agent must have exactly one live key that is not being replaced already. If you choose " +
            "agents with --label, --steward or --owner, each new key is written to <key-dir>/<agent>.key; they are listed " +
            "first, and you are asked to confirm; in scripts, pass --yes. With --older-than or --expires-before the keys are " +
            "chosen, as `dome keys list --live` shows them; with -A in every workspace, each with a folder of its own.",
          examples: [
            "dome keys rotate support-triage --overlap 24h --key-file ./support-triage.key --force",
            "dome keys rotate support-triage key_…",
            "dome keys rotate --label team=support --overlap 24h --key-dir ./keys --dry-run",
            "dome keys rotate --older-than 90d --overlap 24h --key-dir ./keys",
          ],
        })
          .argument("[agent]", "name or id")
          .argument("[key]", "id of the key to replace"),
      ),
    ).addOption(allWorkspacesOption()),
  )
    .option(
      "--overlap <time>",
      "how long both keys work, up to 7d (default: Dome revokes the old key now)",
      overlap,
    )
    .option("--key-dir <folder>", "write the keys of chosen agents to new files in this folder (mode 0600)")
    .action(async (agent: string | undefined, key: string | undefined, options: RotateOptions) => {
      const aged = options.olderThan !== undefined || options.expiresBefore !== undefined;
      if (agent === undefined && aged) return rotateMany(session, options);
      const only = onlyOne(agent === undefined ? [] : [agent], { ...options, dryRun: false }, "keys rotate");
      if (only === undefined) return rotateMany(session, options);
      if (isByKey(options))
        throw usage(
          "--older-than, --expires-before and -A cannot be used with an agent",
          "dome keys rotate --help",
        );
      if (options.keyDir !== undefined || options.dryRun === true)
        throw usage(
          "--key-dir and --dry-run go with --label, --steward or --owner",
          "dome keys rotate --help",
        );
      await issue(session, only, options, async (service, ref) => ({
        replaces: key ?? (await onlyLiveKey(session, service, ref, orderOf(options))),
        overlap_seconds: overlapSeconds(options),
      }));
    });
