/** HTTP as bytes: what a client library would not let through. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { connect } from "node:net";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * Sends the lines of a request head, and what follows it, on a connection of its own.
 * @param lines without their ends. The server is asked to close the connection, so that its answer has an end.
 */
export function rawCall(port: number, lines: readonly string[], body = ""): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1").setEncoding("latin1");
    let text = "";
    socket.on("data", (chunk: string) => (text += chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(parse(text)));
    socket.write(`${[...lines, "Connection: close"].join("\r\n")}\r\n\r\n${body}`);
  });
}

function parse(text: string): RawAnswer {
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { status: Number(first.split(" ")[1]), headers, body: text.slice(end + 4) };
}

/** The TCP ports on which a process listens, with their addresses as Linux writes them. */
export const listeningPorts = (pid: number) => socketsIn(LISTENING, pid);

/** How many TCP connections a process has. */
export const connectionsOf = (pid: number): number => socketsIn(ESTABLISHED, pid).length;

function socketsIn(wanted: string, pid: number): { readonly address: string; readonly port: number }[] {
  const folder = `/proc/${pid}/fd`;
  const sockets = new Set(
    readdirSync(folder).flatMap((name) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${name}`))?.[1] ?? [];
      } catch {
        return []; // closed in between
      }
    }),
  );
  return ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .split("\n")
      .slice(1)
      .flatMap((line) => {
        const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
        const [address = "", port = ""] = local.split(":");
        return state === wanted && sockets.has(inode) ? [{ address, port: Number.parseInt(port, 16) }] : [];
      }),
  );
}

const LISTENING = "0A";
const ESTABLISHED = "01";
