/**
 * Cedar's engine in the command line, for what needs no service: the same package, and the same code around it, as in the
 * Worker. Its WebAssembly is beside the package's code, wherever npm has put that.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Cedar } from "../policy/cedar.ts";
import { CommandFailure, EXIT } from "./exit.ts";

/** @throws CommandFailure when the package is not installed beside the command line. */
export function offlineCedar(): Cedar {
  const bytes = engineBytes();
  return new Cedar(() => bytes);
}

function engineBytes(): Uint8Array {
  try {
    const code = import.meta.resolve("@cedar-policy/cedar-wasm/web");
    return readFileSync(fileURLToPath(new URL("cedar_wasm_bg.wasm", code).href));
  } catch {
    throw new CommandFailure(
      EXIT.failed,
      "Cedar's engine, the package @cedar-policy/cedar-wasm, is not installed beside the command line",
      "npm ci in the folder of the command line",
    );
  }
}
