/** `dome keys rotate` */
import type { Command } from "commander";
import type { AgentRef } from "../../../client/agents.ts";
import type { ControlPlane } from "../../../client/control-plane.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { overlap } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { issue, withNewKeyOptions, type NewKeyOptions } from "./new-key.ts";

interface RotateOptions extends NewKeyOptions {
  readonly overlap?: number;
}

export const rotateCommand = (session: Session): Command =>
  withNewKeyOptions(
    session,
    verb({
      name: "rotate",
      summary: "Replace an API key by a new one",
      description:
        "Replace an API key by a new one. The old key ends after the overlap, by default at once; no other is touched. " +
        "Without a key id, the agent must have exactly one live key.",
      examples: [
        "dome keys rotate support-triage --overlap 24h --key-file ./support-triage.key --force",
        "dome keys rotate support-triage key_…",
      ],
    })
      .argument("<agent>", "name or id")
      .argument("[key]", "id of the key to replace"),
  )
    .option("--overlap <time>", "how long both work, up to 7d (default: the old key ends now)", overlap)
    .action((agent: string, key: string | undefined, options: RotateOptions) =>
      issue(session, agent, options, async (service, ref) => ({
        replaces: key ?? (await onlyLiveKey(service, ref)),
        overlap_seconds: Math.round((options.overlap ?? 0) / 1000),
      })),
    );

async function onlyLiveKey(service: ControlPlane, ref: AgentRef): Promise<string> {
  const { items } = await service.keys.list(ref).take();
  const live = items.filter((key) => key.state === "live");
  const [only] = live;
  if (only === undefined) {
    throw new CommandFailure(EXIT.failed, "there is no live key to replace", `dome keys issue ${ref.agent}`);
  }
  if (live.length > 1) {
    const ids = live.map((key) => key.id).join(", ");
    throw usage(
      `there are ${live.length} live keys (${ids}): name one`,
      `dome keys rotate ${ref.agent} ${only.id}`,
    );
  }
  return only.id;
}
