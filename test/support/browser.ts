/** A real browser, from the packages of the project: nothing of it is installed on the machine. */
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import chromium from "@sparticuz/chromium";
import { chromium as driver, type Browser } from "playwright-core";

/** Starts Chromium without a window. Close it in `afterAll`. */
export async function startBrowser(): Promise<Browser> {
  return driver.launch({ executablePath: await chromium.executablePath(), args: chromium.args });
}

export interface Site {
  /** `http://127.0.0.1:PORT`, as browsers write an origin. */
  readonly origin: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

/** Serves a folder, and an empty page at its root, on a port of its own, so that its pages have an origin of their own. */
export async function startSite(folder: string): Promise<Site> {
  const server = createServer(({ url = "/" }, answer) => {
    const path = join(folder, normalize(new URL(url, "http://site").pathname));
    const type = TYPES[extname(path)];
    if (url === "/")
      answer.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>page</title>");
    else if (type === undefined || !existsSync(path)) answer.writeHead(404).end();
    else createReadStream(path).pipe(answer.writeHead(200, { "content-type": type }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
