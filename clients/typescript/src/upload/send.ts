/**
 * One request with a large body. In a browser it is an XMLHttpRequest, because fetch does not tell how much is sent;
 * elsewhere fetch. Rejects with a TypeError if there is no response, as fetch does.
 */

export interface Sent {
  status: number;
  statusText: string;
  headers: Headers;
  text: string;
}

export interface Sending {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: Blob;
  signal?: AbortSignal | undefined;
  /** Called with the number of bytes of the body that have been sent. */
  onSent?: (bytes: number) => void;
}

export function send(sending: Sending): Promise<Sent> {
  sending.signal?.throwIfAborted();
  return typeof XMLHttpRequest === "undefined" ? byFetch(sending) : byXhr(sending);
}

/** The Response with the same content, for what reads problems from responses. */
export function asResponse({ status, statusText, headers }: Sent): Response {
  return new Response(null, { status, statusText, headers });
}

async function byFetch({ method, url, headers, body, signal, onSent }: Sending): Promise<Sent> {
  const response = await fetch(url, {
    method,
    headers,
    body: body ?? null,
    signal: signal ?? null,
  });
  if (response.ok) onSent?.(body?.size ?? 0);
  const { status, statusText } = response;
  return { status, statusText, headers: response.headers, text: await response.text() };
}

function byXhr({ method, url, headers, body, signal, onSent }: Sending): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    const abort = () => request.abort();
    signal?.addEventListener("abort", abort, { once: true });
    request.onloadend = () => signal?.removeEventListener("abort", abort);
    request.upload.onprogress = ({ loaded }) => onSent?.(loaded);
    request.onload = () => resolve(received(request));
    request.onerror = () =>
      reject(new TypeError(`the connection to ${new URL(url).host} was lost`));
    request.onabort = () => reject(signal?.reason);
    request.send(body ?? null);
  });
}

function received(request: XMLHttpRequest): Sent {
  const lines = request.getAllResponseHeaders().trim().split("\r\n").filter((line) => line !== "");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const { status, statusText, responseText } = request;
  return { status, statusText, headers: new Headers(headers), text: responseText };
}
