/**
 * `fetch` for the doors of the service: the call token goes to the service's own origin, and never on after a redirect.
 * A stop of the agent cuts it, also while its answer is still being read.
 */
import type { CallTokens } from "./call-tokens.ts";
import type { Core } from "./core.ts";
import { ConfigurationError } from "./errors.ts";
import { linked } from "./signals.ts";

export async function fetchFromDoor(
  core: Core,
  tokens: CallTokens,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const given = input instanceof Request ? input : null;
  const url = urlOf(core.baseUrl, input instanceof Request ? input.url : input.toString());
  const headers = new Headers(given?.headers);
  for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
  const body = init.body ?? (given?.body == null ? null : await given.arrayBuffer());
  const request = { ...init, method: init.method ?? given?.method ?? "GET", headers, body };

  const stop = new AbortController();
  const forget = core.lifecycle.work.watch((why) => stop.abort(why));
  const { signal, release } = linked([stop.signal, core.closing, init.signal ?? given?.signal]);
  const send = async (token: string): Promise<Response> => {
    headers.set("Authorization", `Bearer ${token}`);
    return core.ports.fetch(url, { ...request, signal, redirect: "manual" });
  };
  const end = (): void => {
    forget();
    release();
  };
  try {
    return untilRead(await sendOnceMore(send, tokens, !(body instanceof ReadableStream)), end);
  } catch (fault) {
    end();
    throw fault;
  }
}

/** A token may be dead before its end: one fresh one is tried, where the body can be sent again. */
async function sendOnceMore(
  send: (token: string) => Promise<Response>,
  tokens: CallTokens,
  isRepeatable: boolean,
): Promise<Response> {
  const token = await tokens.get();
  const response = await send(token);
  if (response.status !== 401 || !isRepeatable) return response;
  tokens.refuse(token);
  await response.body?.cancel();
  return send(await tokens.get());
}

/** The same response, with a body that says when it has been read, has failed or was given up. */
function untilRead(response: Response, end: () => void): Response {
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
  const { status, statusText, headers } = response;
  return Object.defineProperty(new Response(body, { status, statusText, headers }), "url", {
    value: response.url,
  });
}

/** @throws ConfigurationError for another origin: the token must not go there. */
function urlOf(base: URL, text: string): string {
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
