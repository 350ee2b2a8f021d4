/**
 * `fetch` for the endpoints of the service: the call token goes to the service's own origin, and never on after a redirect.
 * A stop of the agent cuts it, also while its answer is still being read.
 */
import type { CallTokens } from "./call-tokens.ts";
import type { Core } from "./core.ts";
import { ConfigurationError } from "./errors.ts";
import type { RunningWork } from "./running-work.ts";
import { linked } from "./signals.ts";

export async function fetchFromDoor(
  core: Core,
  tokens: CallTokens,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const { work } = core.lifecycle;
  const given = input instanceof Request ? input : null;
  const url = urlOf(core.baseUrl, input instanceof Request ? input.url : input.toString());
  const headers = new Headers(given?.headers);
  for (const [name, value] of new Headers(init.headers)) headers.set(name, value);

  // From here on a stop cuts it, before the first byte is sent, too.
  const stop = new AbortController();
  const forget = work.watch((why) => stop.abort(why));
  const { signal, release } = linked([stop.signal, init.signal ?? given?.signal]);
  const end = (): void => {
    forget();
    release();
  };
  try {
    const body = init.body ?? (given?.body == null ? null : await given.arrayBuffer());
    signal.throwIfAborted();
    const request = { ...init, method: init.method ?? given?.method ?? "GET", headers, body };
    const send = async (token: string): Promise<Response> => {
      signal.throwIfAborted();
      headers.set("Authorization", `Bearer ${token}`);
      return core.ports.fetch(url, { ...request, signal, redirect: "manual" });
    };
    // Where the body can be sent again.
    const isRefusal = async (response: Response): Promise<boolean> => {
      if (response.status !== 401 || body instanceof ReadableStream) return false;
      await response.body?.cancel();
      return true;
    };
    return untilRead(await tokens.use(send, isRefusal), end, work);
  } catch (fault) {
    end();
    throw fault;
  }
}

/** The same response, with a body that says when it has been read, has failed or was given up. */
function untilRead(response: Response, end: () => void, work: RunningWork): Response {
  if (response.body === null) {
    end();
    return response;
  }
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            controller.enqueue(value);
            return;
          }
          controller.close();
        } catch (fault) {
          controller.error(fault);
        }
        end();
      },
      cancel: (reason) => {
        end();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  work.whenGone(body, () => {
    end();
    reader.cancel().catch(() => undefined);
  });
  const { status, statusText, headers } = response;
  return Object.defineProperty(new Response(body, { status, statusText, headers }), "url", {
    value: response.url,
  });
}

/**
 * @param text relative to the service, or absolute.
 * @throws ConfigurationError for another origin: the token must not go there.
 */
export function urlOf(base: URL, text: string): string {
  const root = base.href.endsWith("/") ? base.href : `${base.href}/`;
  const relative = /^\/(?![/\\])/.test(text) ? text.slice(1) : text;
  if (!URL.canParse(relative, root)) throw new ConfigurationError("the URL cannot be read");
  const url = new URL(relative, root);
  if (url.origin !== base.origin) {
    throw new ConfigurationError(
      `the call token goes to ${base.origin} only, and this is a URL of ${url.origin}: use the platform's fetch`,
    );
  }
  return url.href;
}
