/**
 * `dome keys identify`: shows the agent of an API key that turned up somewhere. This does not count as a use of the
 * key.
 */
import type { Command } from "commander";
import { readAgentCredential } from "../../agent-credential.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { fields } from "../../output.ts";
import type { Session } from "../../session.ts";

interface IdentifyOptions {
  readonly keyFile: string;
}

export const identifyCommand = (session: Session): Command =>
  verb({
    name: "identify",
    summary: "Show the agent of an API key, and whether the key is live",
    description:
      "Show which agent a found API key belongs to, and whether the key is live. Dome does not store the key, issues " +
      "no token, and does not count this as a use. Give the key in a file or on stdin, never as an argument.",
    examples: ["dome keys identify --key-file ./leaked.key", "pbpaste | dome keys identify --key-file -"],
  })
    .requiredOption("--key-file <file>", "the key is in this file; - for stdin")
    .action((options: IdentifyOptions) => identify(session, options));

async function identify(session: Session, { keyFile }: IdentifyOptions): Promise<void> {
  const credential = await readAgentCredential(session.io, keyFile);
  if (!credential.startsWith("dome_at_"))
    throw usage("this is a call token, not an API key", "dome token inspect --help");
  const { key, agent } = await (await session.controlPlane()).keys.identify(credential);
  const { output } = session;
  output.show({
    body: { key, agent },
    ids: [key.id],
    text: () =>
      fields(output.style, [
        ["key", key.id],
        ["state", key.state],
        ["agent", `${agent.name} (${agent.id})`],
        ["workspace", agent.workspace],
        ["agent state", agent.state],
        ["owner", agent.owner],
        ["steward", agent.steward],
        ["created", output.style.at(key.created_at)],
        ["expires", output.style.at(key.expires_at)],
        ["revoked", output.style.at(key.revoked_at)],
        ["last used", output.style.at(key.last_used_at)],
      ]),
  });
  if (key.state === "live")
    output.next(`dome keys revoke ${agent.name} ${key.id} --workspace ${agent.workspace}`);
}
