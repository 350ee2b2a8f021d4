/** Calls of an operator, and the few with which tests of the embedded server see that it lives and what it has kept. */
interface Called {
  readonly url: string;
  readonly adminToken: string;
}

interface WorkspacePage {
  readonly items: readonly { readonly name: string }[];
  readonly next_cursor: string | null;
}

/** @returns the answer, which is a success. */
export async function asOperator(
  server: Called,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetch(server.url + path, {
    method,
    headers: {
      Authorization: `Bearer ${server.adminToken}`,
      ...(body === undefined
        ? {}
        : { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return await answer.json();
}

/** Resolves when the change has been acknowledged. */
export async function makeWorkspace(server: Called, name: string): Promise<void> {
  await asOperator(server, "POST", "/api/v1/workspaces", { name });
}

/** All of them, sorted. */
export async function workspaceNames(server: Called): Promise<string[]> {
  const names: string[] = [];
  let query = "";
  for (;;) {
    const page = (await asOperator(server, "GET", `/api/v1/workspaces${query}`)) as WorkspacePage;
    names.push(...page.items.map(({ name }) => name));
    if (page.next_cursor === null) return names.toSorted();
    query = `?cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}

/** The issuer by RFC 8414. */
export async function issuerOf(server: Called): Promise<string> {
  const metadata = await asOperator(server, "GET", "/.well-known/oauth-authorization-server");
  return (metadata as { issuer: string }).issuer;
}
