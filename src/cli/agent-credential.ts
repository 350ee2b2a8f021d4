/** Reads an agent's credential from DOME_AGENT_KEY or a file, never from an argument, which every process can read. */
import { CommandFailure, EXIT, usage } from "./exit.ts";
import { readInput } from "./input-file.ts";
import type { Io } from "./io.ts";

const CREDENTIAL = /^(dome_at_[0-9A-Za-z]+|eyJ[\w-]+\.[\w-]+\.[\w-]+)$/;

/**
 * @param file a path, or `-` for stdin; undefined for DOME_AGENT_KEY.
 * @returns an API key or a call token.
 * @throws CommandFailure when there is none (exit 4), or it is something else (exit 2).
 */
export async function readAgentCredential(io: Io, file: string | undefined): Promise<string> {
  const text = (file === undefined ? (io.env.DOME_AGENT_KEY ?? "") : await readSecretFile(io, file)).trim();
  if (text === "") {
    throw new CommandFailure(
      EXIT.notAuthenticated,
      "no agent credential",
      "set DOME_AGENT_KEY to the agent's API key, or add --key-file FILE (- for stdin)",
    );
  }
  if (text.startsWith("dome_ot_"))
    throw usage("this is an operator token; this command needs an agent's API key (dome_at_…)");
  if (!CREDENTIAL.test(text)) throw usage("this is neither an API key (dome_at_…) nor a call token");
  return text;
}

/** The content of a file, or of stdin for `-`. */
export async function readSecretFile(io: Io, file: string): Promise<string> {
  return file === "-" ? io.stdin.read() : (await readInput(file)).toString("utf8");
}
