/** The token endpoint as a client sees it, with what every answer of it must have. */
import { expect } from "vitest";
import { oauthError, tokenResponse, type TokenResponse } from "../../src/contract/oauth.ts";
import type { RawEnv } from "../../src/env.ts";
import { bearer, expectSafeHeaders, jsonOf, send, type Answer } from "../security/calls.fixture.ts";

const PATH = "/api/v1/auth/token";
export const GRANT = "grant_type=client_credentials";
const FORM = "application/x-www-form-urlencoded";
/** RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E. */
export const ALLOWED_CHARACTERS = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;

interface TokenCall {
  readonly authorization?: string | undefined;
  readonly form?: string | Uint8Array<ArrayBuffer>;
  readonly search?: string;
  readonly contentType?: string | null;
  readonly method?: string;
  readonly env?: RawEnv;
}

export const basic = (user: string, password: string): string => `Basic ${btoa(`${user}:${password}`)}`;

/** @param key of the agent that asks, where a call does not say how it authenticates. */
export function tokenEndpoint(key: () => string) {
  const ask = async (call: TokenCall): Promise<Answer> => {
    const { form = GRANT, search = "", contentType = FORM, method = "POST", ...sent } = call;
    const answer = await send(method, PATH + search, {
      authorization: bearer(key()),
      ...sent,
      headers: contentType === null ? {} : { "content-type": contentType },
      body: method === "GET" || method === "HEAD" ? undefined : form,
    });
    expectSafeHeaders(answer);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("pragma")).toBe("no-cache");
    return answer;
  };

  const granted = async (call: TokenCall): Promise<TokenResponse> => {
    const answer = await ask(call);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers.get("content-type")).toBe("application/json");
    return tokenResponse.parse(jsonOf(answer));
  };

  /** Status, error, `dome_error` and challenge in one line. */
  const refused = async (call: TokenCall): Promise<string> => {
    const answer = await ask(call);
    const said = oauthError.parse(jsonOf(answer));
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(said.error_description).toMatch(ALLOWED_CHARACTERS);
    const challenge = answer.headers.get("www-authenticate");
    expect(challenge !== null).toBe(answer.status === 401);
    return [answer.status, said.error, said.dome_error, challenge].filter((part) => part != null).join(" ");
  };

  return { ask, granted, refused };
}
