/** The code of an operating system error, such as `EACCES`, for a message. */
export const faultCode = (fault: unknown): string =>
  fault instanceof Error && "code" in fault ? String(fault.code) : "unknown reason";
