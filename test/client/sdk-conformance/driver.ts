/** One client of the SDK, and the orders that a case gives it. Orders and answers are plain data: they cross processes. */
import { inspect } from "node:util";
import {
  ConfigurationError,
  ConnectionError,
  DeniedError,
  DomeClient,
  NotAuthenticatedError,
  TimeoutError,
  type CheckRequest,
  type Decision,
  type StoppedError,
} from "../../../sdk/typescript/src/dome.ts";
import { platformPorts } from "../../../sdk/typescript/src/ports.ts";

export interface Orders {
  make: {
    readonly baseUrl: string;
    readonly key: string;
    /** The key is a function that reads what `useKey` gave last. */
    readonly isRead: boolean;
    readonly skewMs: number;
    readonly raiseOnError: boolean;
  };
  useKey: { readonly key: string };
  start: Record<string, never>;
  token: Record<string, never>;
  check: { readonly request: CheckRequest; readonly user?: string; readonly caller?: string };
  work: { readonly name: string; readonly tool: string };
  finish: { readonly name: string };
  workState: { readonly name: string };
  heard: Record<string, never>;
  drained: Record<string, never>;
  emit: { readonly kind: string; readonly data: Record<string, unknown>; readonly ofLastDecision: boolean };
  flush: Record<string, never>;
  printed: Record<string, never>;
  close: Record<string, never>;
}

export interface Answers {
  make: string | null;
  useKey: null;
  start: string | null;
  token: string;
  check: { readonly decision: Decision | null; readonly error: string | null; readonly callbacks: string[] };
  work: null;
  finish: null;
  workState: "running" | "finished" | "aborted";
  heard: string[];
  drained: boolean;
  emit: null;
  flush: number;
  printed: string[];
  /** How long it took, in milliseconds. */
  close: number;
}

export type Order = keyof Orders;
export type Driver = <O extends Order>(order: O, given: Orders[O]) => Promise<Answers[O]>;

interface RunningWork {
  finish: () => void;
  state: Answers["workState"];
}

/** A driver in this process. */
export function ownDriver(): Driver {
  const printable: unknown[] = [];
  const heard: string[] = [];
  const works = new Map<string, RunningWork>();
  let made: DomeClient | null = null;
  let key = "";
  let isDrained = false;
  let last: Decision | null = null;

  const client = (): DomeClient => {
    if (made === null) throw new Error("the client was not made");
    return made;
  };

  const handlers: { [O in Order]: (given: Orders[O]) => Promise<Answers[O]> } = {
    make: async (given) => {
      key = given.key;
      try {
        made = new DomeClient({
          baseUrl: given.baseUrl,
          token: given.isRead ? () => key : key,
          raiseOnError: given.raiseOnError,
          clock: { ...platformPorts.clock, now: () => Date.now() + given.skewMs },
          onError: (fault) => printable.push(fault),
        });
      } catch (fault) {
        printable.push(fault);
        return kindOf(fault);
      }
      printable.push(made);
      made.events.on("*", (event) => {
        printable.push(event);
        if (event.type !== "state") heard.push(event.type);
      });
      return null;
    },
    useKey: async (given) => {
      key = given.key;
      return null;
    },
    start: async () => {
      try {
        await client().start();
      } catch (fault) {
        printable.push(fault);
        return kindOf(fault);
      }
      client()
        .drained()
        .then(
          () => (isDrained = true),
          (fault: unknown) => printable.push(fault),
        );
      return null;
    },
    token: () => client().token(),
    check: async ({ request, user, caller }) => {
      const callbacks: string[] = [];
      const asking =
        user !== undefined
          ? client().actAs(user)
          : caller !== undefined
            ? client().onBehalfOf(caller)
            : client();
      printable.push(asking);
      try {
        const decision = await asking.check({
          ...request,
          onAllow: () => callbacks.push("allow"),
          onDeny: () => callbacks.push("deny"),
        });
        printable.push(decision);
        last = decision;
        return { decision, error: null, callbacks };
      } catch (fault) {
        printable.push(fault);
        return { decision: null, error: kindOf(fault), callbacks };
      }
    },
    work: async ({ name, tool }) => {
      const work: RunningWork = { finish: () => undefined, state: "running" };
      works.set(name, work);
      await new Promise<void>((begun, failed) => {
        const act = client().guard(tool, (_arguments: undefined, { signal }) => {
          signal.addEventListener("abort", () => printable.push(signal.reason));
          begun();
          return new Promise<void>((resolve) => {
            work.finish = resolve;
          });
        });
        act(undefined).then(
          () => (work.state = "finished"),
          (fault: StoppedError) => {
            printable.push(fault);
            if (fault.name === "StoppedError") work.state = "aborted";
            failed(fault);
          },
        );
      });
      return null;
    },
    finish: async ({ name }) => {
      works.get(name)?.finish();
      return null;
    },
    workState: async ({ name }) => works.get(name)?.state ?? "aborted",
    heard: async () => heard,
    drained: async () => isDrained,
    emit: async ({ kind, data, ofLastDecision }) => {
      const links = ofLastDecision ? { decisionId: last?.decisionId, txn: last?.txn } : {};
      client().audit.emit(kind, data, links);
      return null;
    },
    flush: async () => {
      await client().audit.flush();
      return client().audit.waiting;
    },
    printed: async () => printable.flatMap(formsOf),
    close: async () => {
      const begun = performance.now();
      await made?.close();
      return performance.now() - begun;
    },
  };
  return (order, given) => handlers[order](given);
}

/** Every form in which a program may print a value. */
function formsOf(value: unknown): string[] {
  const text = value instanceof Error ? `${value.message}\n${value.stack ?? ""}` : "";
  return [inspect(value, { depth: 20, showHidden: true, getters: true }), JSON.stringify(value) ?? "", text];
}

function kindOf(fault: unknown): string {
  if (fault instanceof ConfigurationError) return "configuration";
  if (fault instanceof NotAuthenticatedError) return "credential";
  if (fault instanceof ConnectionError || fault instanceof TimeoutError) return "connection";
  if (fault instanceof DeniedError) return "denied";
  throw fault;
}
