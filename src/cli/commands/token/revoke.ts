/** `dome token revoke`: one call token and everything exchanged from it are dead; the agent goes on with a new one. */
import type { Command } from "commander";
import { readSecretFile } from "../../agent-credential.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { agentKeyFileOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { decodeToken } from "../../token-text.ts";

interface RevokeOptions {
  readonly keyFile?: string;
}

export const revokeCommand = (session: Session): Command =>
  verb({
    name: "revoke",
    summary: "End a call token and everything exchanged from it",
    description:
      "End a call token and everything exchanged from it: as the agent it was issued to, with DOME_AGENT_KEY or " +
      "--key-file, or else as an operator of its workspace. The token is read from a file or stdin: an argument " +
      "could be read by every process of this machine.",
    examples: ["dome token revoke ./token", "dome token revoke - --key-file ./support-triage.key"],
  })
    .argument("[file]", "a file with the token; - for stdin", "-")
    .addOption(agentKeyFileOption())
    .action((file: string, options: RevokeOptions) => revoke(session, file, options));

async function revoke(session: Session, file: string, { keyFile }: RevokeOptions): Promise<void> {
  if (file.startsWith("eyJ"))
    throw usage("a token is not taken as an argument", "dome token revoke - (token on stdin)");
  if (file === "-" && keyFile === "-") throw usage("token and key cannot both be on stdin");
  const token = (await readSecretFile(session.io, file)).trim();
  const decoded = decodeToken(token);
  if (decoded === null) throw usage("this is not a call token (three parts of base64url with JSON in them)");
  const asAgent = keyFile !== undefined || (session.io.env.DOME_AGENT_KEY ?? "") !== "";
  const door = asAgent ? await session.agentDoor(keyFile) : await session.controlPlane();
  await door.revokeToken(token);
  const jti = typeof decoded.claims["jti"] === "string" ? decoded.claims["jti"] : null;
  session.output.show({
    body: { jti, revoked: true },
    ids: jti === null ? [] : [jti],
    text: () => `${jti ?? "The token"} is dead, and what was exchanged from it; everywhere within 2.6 s.`,
  });
}
