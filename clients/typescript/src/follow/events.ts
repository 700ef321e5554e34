/** Reads server-sent events from a response's body. Source: WHATWG HTML, 9.2.6, "Interpreting an event stream". */

export interface ServerEvent {
  /** What to send as Last-Event-ID, to go on after this event. */
  id: string;
  event: string;
  data: string;
  /** How long the server wants a client to wait before it connects again; null if it does not say. */
  retrySeconds: number | null;
}

/** The stream has sent nothing, not even a comment, for too long: it is dead or held back by a proxy. */
export class SilentStream extends Error {
  override readonly name = "SilentStream";
}

/** Yields the events of a stream until it ends. Throws SilentStream after `silenceSeconds` without a byte. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  silenceSeconds: number,
): AsyncGenerator<ServerEvent, void, undefined> {
  let id = "";
  let event = "";
  let data: string[] = [];
  let retrySeconds: number | null = null;
  for await (const line of linesOf(body, silenceSeconds)) {
    if (line === "") {
      if (data.length > 0) {
        yield { id, event: event || "message", data: data.join("\n"), retrySeconds };
      }
      event = "";
      data = [];
      continue;
    }
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (name === "data") data.push(value ?? "");
    else if (name === "event") event = value ?? "";
    else if (name === "id" && !value?.includes("\0")) id = value ?? "";
    else if (name === "retry" && /^\d+$/.test(value ?? "")) retrySeconds = Number(value) / 1000;
  }
}

/** The lines of a stream; one that is cut off is not a line. */
async function* linesOf(
  body: ReadableStream<Uint8Array>,
  silenceSeconds: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of bytesOf(body, silenceSeconds)) {
    rest += decoder.decode(bytes, { stream: true });
    // A carriage return at the end may be the first half of a line's end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function* bytesOf(
  body: ReadableStream<Uint8Array>,
  silenceSeconds: number,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await within(silenceSeconds, reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    // Closes the connection, also when the caller stops reading. A stream that has failed refuses this.
    await reader.cancel().catch(() => undefined);
  }
}

async function within<Value>(seconds: number, promise: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SilentStream(`no event for ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
