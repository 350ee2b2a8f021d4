/**
 * A claim on a state folder that survives the removal of the lock file: a socket in Linux's abstract namespace
 * (unix(7)), named after the folder's device and inode numbers. It has no file, and the kernel closes it when this
 * process ends, however it ends. It is visible only in its own network namespace, and other systems have no such
 * namespace; there the lock file alone protects the folder.
 */
import { statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { ok, type Result } from "../kernel/result.ts";
import { reasonOf, refuse, systemCode, type Refusal } from "./refusal.ts";

interface FolderClaim {
  release(): void;
}

const NO_CLAIM: FolderClaim = { release: () => undefined };

/** @returns "busy": another process has claimed the folder. */
export async function claimFolder(
  stateDir: string,
  platform: NodeJS.Platform,
): Promise<Result<FolderClaim, Refusal> | "busy"> {
  if (platform !== "linux") return ok(NO_CLAIM);
  const { dev, ino } = statSync(stateDir, { bigint: true });
  const socket = createServer((connection) => connection.destroy());
  try {
    await listening(socket, `\0dome-state-${dev}-${ino}`);
  } catch (error) {
    if (systemCode(error) === "EADDRINUSE") return "busy";
    return refuse(`cannot claim the state folder ${stateDir}: ${reasonOf(error)}`);
  }
  socket.unref(); // does not keep the process running
  return ok({ release: () => void socket.close() });
}

const listening = (socket: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.listen({ path, exclusive: true }, resolve);
  });
