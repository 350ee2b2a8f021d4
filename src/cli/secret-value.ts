/**
 * A secret for another system: from a variable of the environment or from a file, never from an argument, which every
 * process of the machine can read.
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
 * @returns undefined when no option names a secret. A line end behind it is left out.
 * @throws CommandFailure (exit 2) when the named place holds none.
 */
export async function readSecret(
  io: Io,
  { secretEnv, secretFile }: SecretOptions,
): Promise<string | undefined> {
  if (secretEnv === undefined && secretFile === undefined) return undefined;
  const text =
    secretEnv === undefined ? await readSecretFile(io, secretFile ?? "-") : (io.variable(secretEnv) ?? "");
  const secret = text.replace(/\r?\n$/, "");
  if (secret !== "") return secret;
  const place =
    secretEnv === undefined
      ? secretFile === "-"
        ? "stdin"
        : String(secretFile)
      : `the variable ${/^\w{1,64}$/.test(secretEnv) ? secretEnv : "of --secret-env"}`;
  throw usage(`there is no credential in ${place}`);
}
