/** Where the service is: parsed once, so that a credential can only go there. */
import { ConfigurationError } from "./errors.ts";

/**
 * @param insecureHttp allow `http:` to another machine, where the network between is trusted.
 * @param option that the text comes from, for messages.
 * @throws ConfigurationError
 */
export function parseBaseUrl(text: string, insecureHttp: boolean, option = "baseUrl"): URL {
  if (typeof text !== "string" || !URL.canParse(text))
    throw new ConfigurationError(`${option} is no URL: give something like https://dome.example.com`);
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new ConfigurationError(`${option} must begin with https://`);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new ConfigurationError(`${option} must have no user, no query and no fragment`);
  if (url.protocol === "http:" && !insecureHttp && !isLoopback(url.hostname)) {
    throw new ConfigurationError(
      `${option} is http: to another machine (${url.hostname}), where the key could be read on the way: use https, or say insecureHttp: true`,
    );
  }
  return url;
}

/** This machine: `localhost` (RFC 6761 §6.3), 127.0.0.0/8, ::1. The URL parser has put numbers into their one form. */
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127\.\d+\.\d+\.\d+$/.test(hostname);
