/**
 * Reads a secret for another system from an environment variable or a file, never from an argument, which every process
 * of the machine can read.
 */
import { Option, type Command } from "commander";
import { readSecretFile } from "./agent-credential.ts";
import { usage } from "./exit.ts";
import type { Io } from "./io.ts";

export interface SecretOptions {
  readonly secretEnv?: string;
  readonly secretFile?: string;
}

export const withSecretOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--secret-env <variable>",
        "the credential is in this variable of the environment",
      ).conflicts("secretFile"),
    )
    .option("--secret-file <file>", "the credential is in this file; - for stdin");

/**
 * @returns undefined when no option names a secret. The line end after the secret is removed.
 * @throws CommandFailure (exit 2) when there is no secret at the named place.
 */
export async function readSecret(
  io: Io,
  { secretEnv, secretFile }: SecretOptions,
): Promise<string | undefined> {
  if (secretEnv !== undefined) {
    const named = /^\w{1,64}$/.test(secretEnv) ? secretEnv : "of --secret-env";
    return secretIn(io.variable(secretEnv) ?? "", `the variable ${named}`);
  }
  if (secretFile === undefined) return undefined;
  return secretIn(await readSecretFile(io, secretFile), secretFile === "-" ? "stdin" : secretFile);
}

function secretIn(text: string, place: string): string {
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw usage(`there is no credential in ${place}`);
  return secret;
}
