/** Which configuration a call is decided on: the versions that the leases of its chain, its workspace and `org` name. */
export interface Versions {
  /** Of the record of each agent of the chain, newest first. */
  readonly records: readonly number[];
  /** Of the workspace. */
  readonly configEpoch: number;
  readonly orgEpoch: number;
}

/** Any difference counts, not only a greater number: an object restored from an old backup may count backwards. */
export const isSame = (a: Versions, b: Versions): boolean =>
  a.configEpoch === b.configEpoch &&
  a.orgEpoch === b.orgEpoch &&
  a.records.length === b.records.length &&
  a.records.every((version, at) => version === b.records[at]);
