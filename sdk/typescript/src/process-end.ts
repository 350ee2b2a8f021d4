/** The end of a process, where there is one: Node.js, Deno and Bun have `process`; Workers and browsers do not. */
interface ProcessLike {
  readonly pid?: number;
  on?(event: string, listener: () => void): unknown;
  off?(event: string, listener: () => void): unknown;
  listenerCount?(event: string): number;
  kill?(pid: number, signal: string): unknown;
}

type Task = () => Promise<unknown>;

/** What all clients of this process have to do: one listener for them together, however many they are. */
const atIdle = new Set<Task>();
const atSigterm = new Set<Task>();

const processOf = (): ProcessLike => (globalThis as { process?: ProcessLike }).process ?? {};

/** A process that has nothing more to do closes its clients, which sends what waits; it goes on until that is done. */
function flush(): void {
  for (const task of atIdle) task().catch(() => undefined);
}

/** When all have drained, the signal ends the process, unless the program listens for it, too: then the program does. */
function terminate(): void {
  const process = processOf();
  const end = (): void => {
    process.off?.("SIGTERM", terminate);
    const others = process.listenerCount?.("SIGTERM") ?? 0;
    if (process.pid !== undefined && others === 0) process.kill?.(process.pid, "SIGTERM");
  };
  Promise.allSettled([...atSigterm].map((task) => task())).then(end, end);
}

/**
 * @param ends `flush`: before a process ends that has nothing more to do; `sigterm`: what to do before the signal ends
 * the process, null: nothing.
 * @returns what takes both away again.
 */
export function onProcessEnd(ends: { readonly flush: Task; readonly sigterm: Task | null }): () => void {
  const process = processOf();
  if (typeof process.on !== "function" || typeof process.off !== "function") return () => undefined;
  const { sigterm } = ends;
  if (atIdle.size === 0) process.on("beforeExit", flush);
  atIdle.add(ends.flush);
  if (sigterm !== null) {
    if (atSigterm.size === 0) process.on("SIGTERM", terminate);
    atSigterm.add(sigterm);
  }
  return () => {
    atIdle.delete(ends.flush);
    if (atIdle.size === 0) process.off?.("beforeExit", flush);
    if (sigterm !== null && atSigterm.delete(sigterm) && atSigterm.size === 0)
      process.off?.("SIGTERM", terminate);
  };
}
