/** `dome operators rotate` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { overlap } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { issue, withNewTokenOptions, type NewTokenOptions } from "./new-token.ts";

interface RotateOptions extends NewTokenOptions {
  readonly overlap?: number;
}

export const rotateCommand = (session: Session): Command =>
  withNewTokenOptions(
    session,
    verb({
      name: "rotate",
      summary: "Replace an operator token with a new one that has the same rights",
      description:
        "Replace an operator token with a new one for the same subject, role and workspaces. The old token expires after " +
        "the overlap, by default at once; other tokens stay.",
      examples: [
        "dome operators rotate opt_… --overlap 24h --token-file ./ci.token",
        "dome operators rotate opt_… --expires 30d",
      ],
    }).argument("<token>", "id of the token, as `dome operators list` shows it"),
  )
    .option(
      "--overlap <time>",
      "how long both tokens work, up to 7d (default: Dome revokes the old token now)",
      overlap,
    )
    .action((id: string, options: RotateOptions) =>
      issue(
        session,
        options,
        { replaces: id, overlap_seconds: Math.round((options.overlap ?? 0) / 1000) },
        ({ operator, replaced }) =>
          `${operator.id} replaces ${id}, which ends at ${session.output.style.at(replaced?.ends_at ?? operator.created_at)}.`,
      ),
    );
