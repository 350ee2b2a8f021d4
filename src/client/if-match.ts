/** `If-Match` with the version that was read: if it has changed since, the change is refused (ConflictError, 412). */
export const ifMatch = (readVersion: number | undefined): Readonly<Record<string, string>> =>
  readVersion === undefined ? {} : { "If-Match": `"${readVersion}"` };
