/** A drain whose deadline is now, so that no test waits for it. */
import { runInDurableObject } from "cloudflare:test";
import { agentObject } from "./worker-api.ts";

/** Brings the deadline of the agent's order, as its object has it, forward to now. */
export const deadlineNow = ({ id }: { readonly id: string }): Promise<void> =>
  runInDurableObject(agentObject(id), (_object, { storage }) => {
    const { drain } = storage.sql.exec<{ drain: string }>("SELECT drain FROM drain").one();
    const order = { ...(JSON.parse(drain) as object), deadline: Date.now() };
    storage.sql.exec("UPDATE drain SET drain = ?", JSON.stringify(order));
    storage.sql.exec("UPDATE timers SET due = ? WHERE kind = 'drain'", Date.now());
    return storage.setAlarm(Date.now());
  });
