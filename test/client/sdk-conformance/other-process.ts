/** A driver in a process of its own: this file is both the program, and what starts it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ownDriver, type Answers, type Driver, type Order, type Orders } from "./driver.ts";

interface Message {
  readonly id: number;
  readonly order: Order;
  readonly given: Orders[Order];
}

interface Reply {
  readonly id: number;
  readonly answer?: Answers[Order];
  readonly fault?: string;
}

export interface OtherProcess {
  readonly driver: Driver;
  end(): Promise<void>;
}

export function otherProcess(): OtherProcess {
  const child = fork(fileURLToPath(import.meta.url), { env: { PATH: process.env["PATH"] } });
  const waiting = new Map<number, (reply: Reply) => void>();
  child.on("message", (message) => {
    const reply = message as Reply;
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  let count = 0;
  return {
    driver: async (order, given) => {
      const id = (count += 1);
      const { answer, fault } = await new Promise<Reply>((resolve) => {
        waiting.set(id, resolve);
        child.send({ id, order, given });
      });
      if (fault !== undefined) throw new Error(fault);
      return answer as Answers[typeof order];
    },
    end: async () => {
      const gone = once(child, "exit");
      child.disconnect();
      await gone;
    },
  };
}

function serve(): void {
  const driver = ownDriver();
  process.on("message", (message) => {
    const { id, order, given } = message as Message;
    const reply = (it: Omit<Reply, "id">): unknown => process.send?.({ id, ...it });
    driver(order, given).then(
      (answer) => reply({ answer }),
      (fault: unknown) => reply({ fault: String(fault) }),
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve();
