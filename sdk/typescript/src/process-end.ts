/** The end of a process, where there is one: Node.js, Deno and Bun have `process`; Workers and browsers do not. */
interface ProcessLike {
  readonly pid?: number;
  once?(event: string, listener: () => void): unknown;
  off?(event: string, listener: () => void): unknown;
  kill?(pid: number, signal: string): unknown;
}

/**
 * @param ends `flush`: before a process ends that has nothing more to do; `sigterm`: what to do before the signal ends
 * the process, null: nothing.
 * @returns what takes both away again.
 */
export function onProcessEnd(ends: {
  readonly flush: () => Promise<unknown>;
  readonly sigterm: (() => Promise<void>) | null;
}): () => void {
  const { process } = globalThis as { process?: ProcessLike };
  if (typeof process?.once !== "function" || typeof process.off !== "function") return () => undefined;
  const { sigterm } = ends;
  const flush = (): void => {
    ends.flush().catch(() => undefined);
  };
  const terminate = (): void => {
    // The second time nobody listens, so that the signal does what it does by itself.
    const end = (): void => {
      if (process.pid !== undefined) process.kill?.(process.pid, "SIGTERM");
    };
    sigterm?.().then(end, end);
  };
  process.once("beforeExit", flush);
  if (sigterm !== null) process.once("SIGTERM", terminate);
  return () => {
    process.off?.("beforeExit", flush);
    process.off?.("SIGTERM", terminate);
  };
}
