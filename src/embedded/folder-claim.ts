/**
 * A claim on a state folder that no removed file gives up: a socket in Linux's abstract namespace (unix(7)) that bears the
 * number of the folder. It has no file, and the kernel lets go of it when this process ends, however it ends. It sees
 * only its own network namespace, and other systems have none; there the lock file alone speaks for the folder.
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
  socket.unref(); // it is no reason to go on running
  return ok({ release: () => void socket.close() });
}

const listening = (socket: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.listen({ path, exclusive: true }, resolve);
  });
