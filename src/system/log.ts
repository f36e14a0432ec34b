/** Where messages for the log go; nowhere, until a program says otherwise. */
export type LogSink = (message: string, fields: Readonly<Record<string, unknown>>) => void;

let sink: LogSink | undefined;

export function setLogSink(next: LogSink): void {
  sink = next;
}

/** Says something that a person looking for a cause would want to know. */
export function log(message: string, fields: Readonly<Record<string, unknown>>): void {
  sink?.(message, fields);
}
