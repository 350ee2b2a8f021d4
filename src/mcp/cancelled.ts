/** Which request a client cancels (2025-11-25, "Cancellation"). */
import { idOf, type RequestId } from "./json-members.ts";
import type { RpcMessage } from "./message.ts";

/** @returns the id of the request; null: the message cancels none. */
export const cancelledBy = (message: RpcMessage): RequestId | null =>
  message.kind === "notification" && message.method === "notifications/cancelled"
    ? idOf(message.params["requestId"])
    : null;
