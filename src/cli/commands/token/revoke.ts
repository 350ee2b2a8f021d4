/**
 * `dome token revoke`: revokes one call token and every token exchanged from it; the agent can get a new one. With
 * `--txn` it stops a whole transaction, for all agents that it has reached.
 */
import type { Command } from "commander";
import type { AgentClient } from "../../../client/agent-client.ts";
import type { ControlPlane } from "../../../client/control-plane.ts";
import { readSecretFile } from "../../agent-credential.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { homeWorkspace } from "../../home-workspace.ts";
import { agentKeyFileOption, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellStop } from "../../print-stop.ts";
import { decodeToken } from "../../token-text.ts";

interface RevokeOptions extends StopOptions {
  readonly keyFile?: string;
  readonly txn?: string;
}

/** Options that need `--txn`. */
interface StopOptions {
  readonly workspace?: string;
  readonly reason?: string;
  readonly wait?: boolean;
}

export const revokeCommand = (session: Session): Command =>
  verb({
    name: "revoke",
    summary: "Revoke a call token and every token exchanged from it",
    description:
      "Revoke a call token and every token exchanged from it: as the agent it was issued to, with DOME_AGENT_KEY or " +
      "--key-file, or else as an operator of its workspace. The token is read from a file or stdin: an argument " +
      "could be read by every process of this machine. With --txn it ends every token of a transaction instead, as a " +
      "stop that is committed at once and effective within seconds; a transaction's id is in its tokens and records.",
    examples: [
      "dome token revoke ./token",
      "dome token revoke - --key-file ./support-triage.key",
      "dome token revoke --txn txn_01k9v3m8q2x7n5r4t6w0y1z2a3 --wait",
    ],
  })
    .argument("[file]", "a file with the token; - for stdin (default: -)")
    .addOption(agentKeyFileOption().conflicts("txn"))
    .option("--txn <txn>", "end a whole transaction, instead of one token")
    .addOption(workspaceOption())
    .option("--reason <text>", "with --txn: the reason, recorded in the ledger")
    .option("--wait", "with --txn: return when the stop is effective")
    .action(async (file: string | undefined, { txn, ...options }: RevokeOptions) => {
      if (txn === undefined) {
        if (options.workspace !== undefined || options.reason !== undefined || options.wait === true)
          throw usage("--workspace, --reason and --wait go with --txn", "dome token revoke --help");
        return revoke(session, file ?? "-", options);
      }
      if (file !== undefined) throw usage("give a token or --txn, not both", "dome token revoke --help");
      return stopTransaction(session, txn, options);
    });

async function stopTransaction(session: Session, txn: string, options: StopOptions): Promise<void> {
  const service = await session.controlPlane();
  const workspace = await homeWorkspace(service, options.workspace);
  const stopped = await service.workspaces.stopTransaction(workspace, txn, {
    reason: options.reason ?? null,
  });
  const wait = options.wait === true;
  await tellStop(session, service, stopped, { who: `The transaction ${stopped.txn}`, workspace, wait });
}

async function revoke(
  session: Session,
  file: string,
  { keyFile }: Pick<RevokeOptions, "keyFile">,
): Promise<void> {
  if (file.startsWith("eyJ"))
    throw usage("a token must not be an argument", "dome token revoke - (token on stdin)");
  if (file === "-" && keyFile === "-") throw usage("token and key cannot both be on stdin");
  const token = (await readSecretFile(session.io, file)).trim();
  const isKey = token.startsWith("dome_at_");
  const decoded = isKey ? { claims: {} as Readonly<Record<string, unknown>> } : decodeToken(token);
  if (decoded === null)
    throw usage("this is neither a call token (three parts of base64url with JSON in them) nor an API key");
  const door = await doorFor(session, keyFile, isKey ? token : null);
  await door.revokeToken(token);
  const jti = typeof decoded.claims["jti"] === "string" ? decoded.claims["jti"] : null;
  session.output.show({
    body: { jti, revoked: true },
    ids: jti === null ? [] : [jti],
    text: () =>
      `${jti ?? (isKey ? "The key" : "The token")} and every token exchanged from it are revoked; no door accepts them after 2.6 s.`,
  });
}

/** A key may revoke itself, unless another key is named: its holder needs no other credential. */
function doorFor(
  session: Session,
  keyFile: string | undefined,
  key: string | null,
): Promise<AgentClient | ControlPlane> {
  if (keyFile === undefined && key !== null) return session.doorOf(key);
  const asAgent = keyFile !== undefined || (session.io.env.DOME_AGENT_KEY ?? "") !== "";
  return asAgent ? session.agentDoor(keyFile) : session.controlPlane();
}
