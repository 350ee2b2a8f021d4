/** Reads a JWT from a file or stdin, never from an argument, which every process of the machine can read. */
import { readSecretFile } from "./agent-credential.ts";
import { usage } from "./exit.ts";
import type { Io } from "./io.ts";

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * @param file a path, or `-` for stdin.
 * @param option the option that names the file, for the message.
 * @throws CommandFailure (exit 2) when there is no JWT; the message does not repeat the text.
 */
export async function readTokenFile(io: Io, file: string, option: string): Promise<string> {
  if (file.startsWith("eyJ"))
    throw usage("a token must not be an argument", `${option} FILE, or ${option} - (token on stdin)`);
  const text = (await readSecretFile(io, file)).trim();
  if (JWT.test(text)) return text;
  throw usage(`${file === "-" ? "the text on stdin" : file} is not a JWT (three parts of base64url)`);
}

/** Refuses several files on stdin, which can be read only once. */
export function oneStdin(files: Readonly<Record<string, string | undefined>>): void {
  const named = Object.keys(files).filter((option) => files[option] === "-");
  if (named.length > 1) throw usage(`${named.join(" and ")} cannot both be on stdin`);
}
