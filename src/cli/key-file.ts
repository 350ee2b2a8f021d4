/**
 * A file for a key that is shown once. The file is opened before the key is requested, so that no key is issued for a
 * path that cannot be written. Its mode is 0600 from the start. An existing file is replaced only on request, and only
 * by a complete key.
 */
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { toHex } from "../kernel/bytes.ts";
import { CommandFailure, EXIT, usage } from "./exit.ts";
import { faultCode } from "./fault-code.ts";
import type { Io } from "./io.ts";

export interface KeyFile {
  readonly path: string;
  /** Writes the key, and waits until it is on disk. `keyId` is for the message of a failure. */
  write(secret: string, keyId: string): Promise<void>;
  /** To be called when there is no key: leaves everything as it was. */
  abandon(): Promise<void>;
}

/** The kind of secret in the file, for the messages. */
export interface Kept {
  /** `key` or `token`. */
  readonly thing: string;
  /** The option that names the file. */
  readonly option: string;
  /** The command that replaces a lost secret, without the option. */
  readonly replace: (id: string) => string;
}

const API_KEY: Kept = {
  thing: "key",
  option: "--key-file",
  replace: (id) => `dome keys rotate AGENT ${id}`,
};

/** @throws CommandFailure (exit 2) when the path is taken (without `force`) or cannot be written. */
export async function reserveKeyFile(
  io: Io,
  path: string,
  force: boolean,
  kept: Kept = API_KEY,
): Promise<KeyFile> {
  if (path === "-")
    throw usage(`${kept.option} needs a path here; without the option, the ${kept.thing} is printed`);
  const draft = force ? `${path}.${toHex(io.random.bytes(8))}` : path;
  const handle = await create(draft, path);
  return {
    path,
    write: async (secret, keyId) => {
      try {
        await handle.writeFile(`${secret}\n`);
        await handle.sync();
        await handle.close();
        if (draft !== path) await rename(draft, path);
      } catch (fault) {
        await discard(handle, draft);
        throw new CommandFailure(
          EXIT.failed,
          `the ${kept.thing} ${keyId} was issued, but ${path} could not be written (${faultCode(fault)}), so nobody has it`,
          `${kept.replace(keyId)} ${kept.option} ANOTHER_PATH`,
        );
      }
    },
    abandon: () => discard(handle, draft),
  };
}

async function create(draft: string, path: string): Promise<FileHandle> {
  try {
    // Exclusive: never follows a link that another user has placed there.
    return await open(draft, "wx", 0o600);
  } catch (fault) {
    const reason = faultCode(fault);
    if (reason === "EEXIST")
      throw usage(`${path} exists already`, "choose another path, or add --force to replace it");
    throw usage(`${path} cannot be written (${reason})`);
  }
}

async function discard(handle: FileHandle, draft: string): Promise<void> {
  await handle.close().catch(() => undefined);
  await rm(draft, { force: true });
}
