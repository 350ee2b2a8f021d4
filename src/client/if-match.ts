/** `If-Match` with a version that was read: a change to what has changed meanwhile is refused (ConflictError, 412). */
export const ifMatch = (readVersion: number | undefined): Readonly<Record<string, string>> =>
  readVersion === undefined ? {} : { "If-Match": `"${readVersion}"` };
